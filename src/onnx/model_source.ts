import { valueText } from '../checks'
import { DtypeError, FetchError } from '../errors'

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
  if (typeof Blob !== 'undefined' && source instanceof Blob) return new Uint8Array(await source.arrayBuffer())
  if (typeof source === 'string' || source instanceof URL) return readResponse(name, await request(name, source))
  if (typeof Response !== 'undefined' && source instanceof Response) return readResponse(name, source)
  throw new DtypeError(
    `${name} needs to be bytes (an ArrayBuffer or a view of one), a Blob, a Response or a URL; given ${valueText(source)}.`,
  )
}

async function request(name: string, url: URL | string): Promise<Response> {
  try {
    return await fetch(url)
  } catch (cause) {
    throw new FetchError(`${name} could not be fetched from ${url}: ${(cause as Error).message}`, String(url), 0, {
      cause,
    })
  }
}

async function readResponse(name: string, response: Response): Promise<Uint8Array> {
  const { ok, status, url, bodyUsed } = response
  if (!ok) throw new FetchError(`${name} could not be fetched: the server answered ${status}.`, url, status)
  if (bodyUsed) throw new FetchError(`${name} needs a Response whose body has not been read yet.`, url, status)
  return new Uint8Array(await response.arrayBuffer())
}

/** Also of another realm, such as a frame, and of shared memory. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value))
}
