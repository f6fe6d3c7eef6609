export interface RemoteFile {
  /** What a person would call it in an error message. */
  name: string
  url: string
}

export type DownloadProgress = (loaded: number, total: number) => void

/** A file did not arrive; the message is a sentence that names it. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
}

export interface DownloadOptions {
  /** The byte to begin with; 0 when left out. */
  from?: number
  /** What the browser's own HTTP cache may do; see `RequestInit`. */
  cache?: RequestCache
  signal?: AbortSignal
}

/** The bytes of a file as they arrive, from byte `from` on: 0 where the server sends nothing but whole files. */
export interface Download {
  from: number
  body: ReadableStream<Uint8Array<ArrayBuffer>>
}

/**
 * Asks for a file, or for the rest of it.
 *
 * @throws {DownloadError} if there is no connection, or the server has no such file
 */
export async function openDownload(file: RemoteFile, options: DownloadOptions = {}): Promise<Download> {
  const { name, url } = file
  const { from = 0, ...request } = options
  let response: Response
  try {
    response = await fetch(url, { ...request, headers: from > 0 ? { range: `bytes=${from}-` } : {} })
  } catch {
    throw new DownloadError(`The file ${name} could not be downloaded: the connection failed.`)
  }
  const { status, body, headers } = response
  const partial = status === 206 && headers.get('content-range')?.startsWith(`bytes ${from}-`)
  // Some other part came, or the file has no such byte.
  if (from > 0 && !partial && (status === 206 || status === 416)) {
    await body?.cancel()
    return openDownload(file, { ...options, from: 0 })
  }
  if (!response.ok || body === null) {
    throw new DownloadError(`The file ${name} is missing: the server answered ${status}.`)
  }
  // Static servers often answer an unknown path with their start page and status 200.
  if (headers.get('content-type')?.includes('text/html')) {
    throw new DownloadError(`The file ${name} is missing: the server sent a web page in its place.`)
  }
  return { from: partial ? from : 0, body }
}

/** That the connection failed while a file was arriving. */
export function brokeOff({ name }: RemoteFile): DownloadError {
  return new DownloadError(`The download of ${name} broke off: the connection failed.`)
}
