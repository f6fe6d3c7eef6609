import { FetchError } from '../errors'
import type { RemoteFile } from './files'

interface DownloadOptions {
  /** First byte to request; 0 by default. */
  from?: number
  /** HTTP cache mode; see `RequestInit`. */
  cache?: RequestCache
  signal?: AbortSignal | undefined
}

interface Download {
  /** The first byte of `body`: the requested one, or 0 if the server ignores Range headers. */
  from: number
  /** Number of bytes of `body`, if the server tells it. */
  bytes: number | undefined
  body: ReadableStream<Uint8Array<ArrayBuffer>>
}

/**
 * Requests a file, or the rest of it. Rejects with FetchError if there is no connection or the server has no such file,
 * and with the signal's reason.
 */
export async function openDownload(file: RemoteFile, options: DownloadOptions = {}): Promise<Download> {
  const { name, url } = file
  const { from = 0, cache, signal } = options
  let response: Response
  try {
    response = await fetch(url, {
      ...(cache && { cache }),
      ...(signal && { signal }),
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new FetchError(`The file ${name} could not be downloaded: the connection failed.`, url, 0, { cause })
  }
  const { status, body, headers } = response
  const partial = status === 206 && headers.get('content-range')?.startsWith(`bytes ${from}-`)
  // The server sent another range, or the file is shorter than `from`.
  if (from > 0 && !partial && (status === 206 || status === 416)) {
    await body?.cancel()
    return openDownload(file, { ...options, from: 0 })
  }
  if (!response.ok || body === null)
    throw new FetchError(`The file ${name} is missing: the server answered ${status}.`, url, status)
  // Static servers often answer an unknown path with their start page and status 200.
  if (headers.get('content-type')?.includes('text/html'))
    throw new FetchError(`The file ${name} is missing: the server sent a web page in its place.`, url, status)
  return { from: partial ? from : 0, bytes: contentLength(headers), body }
}

/** The error for a connection that failed during the download of a file. */
export function interruptedError({ name, url }: RemoteFile, cause: unknown): FetchError {
  return new FetchError(`The download of ${name} broke off: the connection failed.`, url, 0, { cause })
}

/** Undefined if the header is missing, or counts compressed bytes. */
function contentLength(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null || headers.has('content-encoding') ? undefined : Number(length)
}
