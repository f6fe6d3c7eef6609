export interface RemoteFile {
  /** The file's name in error messages. */
  name: string
  url: string
}

export type DownloadProgress = (loaded: number, total: number) => void

/** A download failed. The message is a sentence that names the file. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
}

interface DownloadOptions {
  /** First byte to request; 0 by default. */
  from?: number
  /** HTTP cache mode; see `RequestInit`. */
  cache?: RequestCache
  signal?: AbortSignal
}

interface Download {
  /** The first byte of `body`: the requested one, or 0 if the server ignores Range headers. */
  from: number
  body: ReadableStream<Uint8Array<ArrayBuffer>>
}

/**
 * Requests a file, or the rest of it.
 *
 * @throws {DownloadError} if there is no connection or the server has no such file
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
  // The server sent another range, or the file is shorter than `from`.
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

/** The error for a connection that failed during the download of a file. */
export function interruptedError({ name }: RemoteFile): DownloadError {
  return new DownloadError(`The download of ${name} broke off: the connection failed.`)
}
