import { DtypeError, FetchError } from '../errors'
import { fetchFile } from '../fetch'
import { kindOf } from '../kind'
import { valueText } from '../value_text'

/** The content of a file: bytes, or an object or address from which they are read. */
export type FileSource = Uint8Array | ArrayBuffer | ArrayBufferView | Blob | Response | URL | string

/**
 * Reads the bytes of a file. Strings are URLs. Rejects with FetchError if the file cannot be read or a server does not
 * send it, and with DtypeError for another value.
 *
 * @param copy whether to copy bytes that are given as such. Otherwise the result is a view of them, unless another
 *   thread may change them.
 */
export async function readFile(name: string, source: FileSource, copy = false): Promise<Uint8Array> {
  if (ArrayBuffer.isView(source)) return viewOf(name, source, source, copy)
  if (typeof source === 'string') return fetchFile(source, bytesOf)
  switch (kindOf(source)) {
    case 'ArrayBuffer':
    case 'SharedArrayBuffer': {
      const buffer = source as ArrayBuffer
      return viewOf(name, source, { buffer, byteOffset: 0, byteLength: buffer.byteLength }, copy)
    }
    case 'URL':
      return fetchFile(source as URL, bytesOf)
    case 'Blob':
    case 'File':
      return readBlob(name, source as Blob)
    case 'Response':
      return readResponse(name, source as Response)
  }
  throw new DtypeError(
    `${name} needs to be bytes (an ArrayBuffer or a view of one), a Blob, a Response or a URL; given ${valueText(source)}.`,
  )
}

/** How a message names a file: with its address, if it has one that people can read. */
export function sourceName(name: string, source: FileSource): string {
  const kind = kindOf(source)
  const address =
    kind === 'Response' ? (source as Response).url : kind === 'URL' || kind === 'String' ? `${source}` : ''
  return /^(data:.*)?$/.test(address) ? name : `${name} ${address}`
}

/** Reads a Blob. Rejects with FetchError if the file behind it has changed or is gone. */
export async function readBlob(name: string, blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return bytesOf(blob).catch((cause: Error) => {
    throw new FetchError(`${name} could not be read: ${cause.message}`, '', 0, { cause })
  })
}

function viewOf(name: string, source: unknown, { buffer, byteOffset, byteLength }: ArrayBufferView, copy: boolean) {
  let view: Uint8Array
  try {
    view = new Uint8Array(buffer, byteOffset, byteLength)
  } catch (cause) {
    throw new DtypeError(
      `${name} needs bytes that can be read; given ${valueText(source)}, whose buffer was transferred to another thread.`,
      { cause },
    )
  }
  return copy || kindOf(buffer) === 'SharedArrayBuffer' ? view.slice() : view
}

async function readResponse(name: string, response: Response): Promise<Uint8Array> {
  const { ok, status, url, type, bodyUsed, body } = response
  const fail = (what: string, options?: ErrorOptions): never => {
    throw new FetchError(`${name} ${what}`, url, status, options)
  }
  if (type === 'opaque') fail("needs a Response that can be read; given one that was fetched with mode 'no-cors'.")
  if (!ok) fail(`could not be fetched: the server answered ${status}.`)
  if (bodyUsed || body?.locked) fail('needs a Response whose body has not been read yet.')
  return bytesOf(response).catch((cause: Error) => fail(`could not be read: ${cause.message}`, { cause }))
}

async function bytesOf(body: Blob | Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await body.arrayBuffer())
}
