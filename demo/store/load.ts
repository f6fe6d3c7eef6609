import { sha256 } from './checksum'
import { DownloadError, type DownloadProgress, interruptedError, openDownload } from './download'
import type { Bytes, LargeFile } from './large_file'
import { withLock } from './lock'
import type { PartStore } from './part_store'

/** Downloaded bytes are stored in parts of this size, so a page that closes loses at most one part. */
const PART_BYTES = 4 * 2 ** 20

/** Milliseconds without a byte after which a connection counts as failed and releases the lock for other tabs. */
const STALL_TIMEOUT = 30_000

/** Milliseconds between two looks at the progress of another tab that downloads the same file. */
const POLL_INTERVAL = 500

interface LoadedFiles {
  contents: Bytes[]
  /** Why the next visit downloads the files again, as a sentence; undefined if they are stored. */
  refusal: string | undefined
}

/**
 * Reads files from the store, downloads the missing bytes and verifies the checksums.
 *
 * The first failure aborts the other files. Bytes that arrived stay stored, so the next call requests only the rest.
 *
 * @throws {DownloadError} if a download fails or a checksum differs
 */
export async function loadFiles(
  files: LargeFile[],
  onProgress: DownloadProgress,
  store: PartStore,
): Promise<LoadedFiles> {
  const abort = new AbortController()
  const total = sum(files.map((file) => file.bytes))
  const loaded = files.map(() => 0)
  const failures: unknown[] = []
  const load = async (file: LargeFile, index: number) => {
    const onLoaded = (count: number) => {
      loaded[index] = count
      onProgress(sum(loaded), total)
    }
    try {
      return await loadWithLock(file, { store, signal: abort.signal, onLoaded })
    } catch (error) {
      failures.push(error)
      abort.abort()
      return undefined
    }
  }
  onProgress(0, total)
  // Waits for the failed files too: they store their last bytes before they settle.
  const contents = await Promise.all(files.map(load))
  if (failures.length > 0) throw failures[0]
  return { contents: contents as Bytes[], refusal: store.refusal }
}

interface LoadContext {
  store: PartStore
  signal: AbortSignal
  onLoaded: (bytes: number) => void
}

/** One tab at a time loads a file; the others then find it stored. Reports the other tab's progress while waiting. */
async function loadWithLock(file: LargeFile, context: LoadContext): Promise<Bytes> {
  const { store, signal, onLoaded } = context
  let waiting = true
  const poll = setInterval(async () => {
    const count = await store.count(file)
    if (waiting) onLoaded(count)
  }, POLL_INTERVAL)
  const stopPolling = () => {
    waiting = false
    clearInterval(poll)
  }
  const work = () => {
    stopPolling()
    return loadFile(file, context)
  }
  return withLock(file.key, work, { signal }).finally(stopPolling)
}

async function loadFile(file: LargeFile, context: LoadContext): Promise<Bytes> {
  const { store, onLoaded } = context
  await store.removeOtherVersions(file)
  const bytes = new Uint8Array(file.bytes)
  const stored = await readStored(file, bytes, store)
  onLoaded(stored)
  if (stored < bytes.length) await downloadRest(file, bytes, stored, context)
  if ((await sha256(bytes)) === file.sha256) return bytes
  await store.remove(file)
  // The stored bytes may be the wrong ones, so download the complete file before blaming the server.
  if (stored > 0) return loadFile(file, context)
  throw new DownloadError(
    `The file ${file.name} is not the one that this page expects: its checksum differs. Load the page again.`,
  )
}

/** Copies the stored parts into `bytes` and returns how many bytes they fill. */
async function readStored(file: LargeFile, bytes: Bytes, store: PartStore): Promise<number> {
  let end = 0
  while (end < bytes.length) {
    const part = await store.read(file, end)
    if (!part?.length) break
    bytes.set(part.subarray(0, bytes.length - end), end)
    end += part.length
  }
  return Math.min(end, bytes.length)
}

/** Downloads the bytes from `from` on into `bytes` and stores them part by part. */
async function downloadRest(file: LargeFile, bytes: Bytes, from: number, { store, signal, onLoaded }: LoadContext) {
  // Bytes that this store keeps need no copy in the HTTP cache.
  const cache = store.refusal === undefined ? 'no-store' : 'no-cache'
  const download = await openDownload(file, { from, cache, signal })
  // The server ignores Range headers and sends the complete file.
  if (download.from < from) await store.remove(file)
  let stored = download.from
  let end = download.from
  let writing = Promise.resolve()
  // Writes run while reading continues: bytes that are not yet read are lost when the connection fails.
  const storePart = () => {
    const [start, part] = [stored, bytes.subarray(stored, end)]
    stored = end
    writing = writing.then(() => store.write(file, start, part))
  }
  const reader = download.body.getReader()
  try {
    while (end < bytes.length) {
      const { done, value } = await withStallTimeout(reader.read())
      if (done) break
      bytes.set(value.subarray(0, bytes.length - end), end)
      end = Math.min(end + value.length, bytes.length)
      onLoaded(end)
      if (end - stored >= PART_BYTES) storePart()
    }
  } catch {
    throw interruptedError(file)
  } finally {
    reader.cancel().catch(() => {})
    if (end > stored) storePart()
    await writing
  }
}

async function withStallTimeout<Result>(promise: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout>
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, STALL_TIMEOUT)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
