export interface RemoteFile {
  /** What a person would call it in an error message. */
  name: string
  url: string
  /** Its size. Not taken from Content-Length, which counts compressed bytes when a server compresses. */
  bytes: number
}

export type DownloadProgress = (loaded: number, total: number) => void

/** A file did not arrive; the message is a sentence that names it. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError'
}

/** Fetches all files at once, reporting the progress over all of them; the first failure gives up the rest. */
export async function download(files: RemoteFile[], onProgress: DownloadProgress): Promise<Uint8Array<ArrayBuffer>[]> {
  const giveUp = new AbortController()
  const loaded = files.map(() => 0)
  const total = sum(files.map((file) => file.bytes))
  const report = () => onProgress(sum(files.map((file, i) => Math.min(loaded[i]!, file.bytes))), total)
  report()
  try {
    return await Promise.all(
      files.map((file, i) =>
        fetchBytes(file, giveUp.signal, (count) => {
          loaded[i]! += count
          report()
        }),
      ),
    )
  } catch (error) {
    giveUp.abort()
    throw error
  }
}

async function fetchBytes(
  file: RemoteFile,
  signal: AbortSignal,
  onChunk: (count: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response
  try {
    response = await fetch(file.url, { signal })
  } catch {
    throw new DownloadError(`The file ${file.name} could not be downloaded: the connection failed.`)
  }
  if (!response.ok || response.body === null) {
    throw new DownloadError(`The file ${file.name} is missing: the server answered ${response.status}.`)
  }
  // Static servers often answer an unknown path with their start page and status 200.
  if (response.headers.get('content-type')?.includes('text/html')) {
    throw new DownloadError(`The file ${file.name} is missing: the server sent a web page in its place.`)
  }
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      onChunk(chunk.byteLength)
      controller.enqueue(chunk)
    },
  })
  try {
    return new Uint8Array(await new Response(response.body.pipeThrough(counter)).arrayBuffer())
  } catch {
    throw new DownloadError(`The download of ${file.name} broke off: the connection failed.`)
  }
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
