import { DtypeError, FetchError } from '../errors'
import { fetchFile } from '../fetch'
import { valueText } from '../value_text'

/** The content of a file: bytes, or an object or address from which they are read. */
export type FileSource = Uint8Array | ArrayBuffer | ArrayBufferView | Blob | Response | URL | string

/**
 * Reads the bytes of a file. Strings are URLs. Rejects with FetchError if a server does not send the file, and with
 * DtypeError for another value.
 */
export async function readFile(name: string, source: FileSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  if (isArrayBuffer(source)) return new Uint8Array(source)
  if (typeof Blob !== 'undefined' && source instanceof Blob) return bytesOf(source)
  if (typeof source === 'string' || source instanceof URL) return fetchFile(source, bytesOf)
  if (typeof Response !== 'undefined' && source instanceof Response) return readResponse(name, source)
  throw new DtypeError(
    `${name} needs to be bytes (an ArrayBuffer or a view of one), a Blob, a Response or a URL; given ${valueText(source)}.`,
  )
}

async function readResponse(name: string, response: Response): Promise<Uint8Array> {
  const { ok, status, url, bodyUsed } = response
  if (!ok) throw new FetchError(`${name} could not be fetched: the server answered ${status}.`, url, status)
  if (bodyUsed) throw new FetchError(`${name} needs a Response whose body has not been read yet.`, url, status)
  return bytesOf(response)
}

async function bytesOf(body: Blob | Response): Promise<Uint8Array> {
  return new Uint8Array(await body.arrayBuffer())
}

/** Also of another realm, such as a frame, and of shared memory. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value))
}
