import { requireFunction, requireMethod, requireOptions, requireSignal } from '../checks'
import { FetchError, LimitError } from '../errors'
import { substituteOf } from '../file_content'
import { sha256 } from './checksum'
import { interruptedError, openDownload } from './download'
import { type Bytes, type DownloadProgress, type RemoteFile, requireFiles, type StorableFile, storeKey } from './files'
import { withLock } from './lock'
import { noCache, PartStore } from './part_store'

/** Downloaded bytes are stored in parts of this size, so a page that closes loses at most one part. */
const PART_BYTES = 4 * 2 ** 20

/** Milliseconds without a byte after which a connection counts as failed and releases the lock for other tabs. */
const STALL_TIMEOUT = 30_000

/** Milliseconds between two looks at the progress of another tab that downloads the same file. */
const POLL_INTERVAL = 500

/** Options of `loadFiles`. */
export interface LoadOptions {
  /** Where storable files are kept; by default in no place. */
  readonly store?: PartStore | undefined
  /** Called when bytes have arrived. What it throws or rejects with stops the downloads, and rejects the call. */
  readonly onProgress?: ((progress: DownloadProgress) => unknown) | undefined
  /** Stops all downloads; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Downloads files together. Those whose size and checksum are known are read from the store as far as they are there,
 * and verified.
 *
 * The first failure aborts the other files. Bytes that arrived stay stored, so the next call requests only the rest.
 * Rejects with OptionError before any work, with FetchError if a download fails or a checksum differs, with LimitError if
 * a file does not fit into memory, with the signal's reason, and with what a callback throws or rejects with.
 */
export async function loadFiles(
  files: readonly (RemoteFile | StorableFile)[],
  options: LoadOptions = {},
): Promise<Bytes[]> {
  const names = { store: true, onProgress: true, signal: true } as const
  const { store = new PartStore({ open: noCache }), onProgress, signal } = requireOptions('loadFiles', options, names)
  requireFiles(files)
  requireMethod('store', store, 'removeOtherVersions', 'a PartStore')
  if (onProgress !== undefined) requireFunction('onProgress', onProgress)
  requireSignal(signal)
  const abort = new AbortController()
  const stop = () => abort.abort(signal?.reason)
  signal?.addEventListener('abort', stop)
  const failures: unknown[] = []
  const fail = (error: unknown): undefined => {
    failures.push(error)
    abort.abort()
  }
  const progress = files.map((file) => ({ loaded: 0, total: isStorable(file) ? file.bytes : 0 }))
  const reports: Promise<void>[] = []
  const report = async () => {
    try {
      await onProgress?.({
        loaded: sum(progress.map(({ loaded }) => loaded)),
        total: sum(progress.map(({ total }) => total)),
      })
    } catch (error) {
      fail(error)
    }
  }
  const load = async (file: RemoteFile | StorableFile, index: number) => {
    const onLoaded = (loaded: number, total = progress[index]!.total) => {
      progress[index] = { loaded, total: Math.max(loaded, total) }
      reports.push(report())
    }
    const context = { store, signal: abort.signal, onLoaded }
    return (isStorable(file) ? loadWithLock(file, context) : download(file, context)).catch(fail)
  }
  reports.push(report())
  // Waits for the failed files too: they store their last bytes before they settle.
  const contents = await Promise.all(files.map(load))
  await Promise.all(reports)
  signal?.removeEventListener('abort', stop)
  signal?.throwIfAborted()
  if (failures.length > 0) throw failures[0]
  return contents as Bytes[]
}

function isStorable(file: RemoteFile | StorableFile): file is StorableFile {
  return 'sha256' in file
}

interface LoadContext {
  store: PartStore
  signal: AbortSignal
  onLoaded: (bytes: number, total?: number) => void
}

/** Downloads a file that no manifest describes. The server may tell its size. */
async function download(file: RemoteFile, { signal, onLoaded }: LoadContext): Promise<Bytes> {
  const { body, bytes } = await openDownload(file, { signal })
  // What is beyond the size that the server told, or everything without one, is joined at the end.
  const known = allocate(file, bytes ?? 0)
  const chunks: Bytes[] = []
  let end = 0
  let filled = 0
  onLoaded(0, bytes)
  for await (const chunk of chunksOf(file, body, signal)) {
    if (chunks.length === 0 && end + chunk.length <= known.length) {
      known.set(chunk, end)
      filled = end + chunk.length
    } else chunks.push(chunk)
    end += chunk.length
    onLoaded(end, bytes)
  }
  if (end === known.length) return known
  const content = allocate(file, end)
  content.set(known.subarray(0, filled))
  for (let at = filled; chunks.length > 0; ) {
    const chunk = chunks.shift()!
    content.set(chunk, at)
    at += chunk.length
  }
  return content
}

/** Throws LimitError if there is no memory for so many bytes. */
function allocate({ name }: RemoteFile, bytes: number): Bytes {
  try {
    return new Uint8Array(bytes)
  } catch (cause) {
    throw new LimitError(`The file ${name} needs ${bytes} bytes of memory: ${(cause as Error).message}.`, { cause })
  }
}

/** One tab at a time loads a file; the others then find it stored. Reports the other tab's progress while waiting. */
async function loadWithLock(file: StorableFile, context: LoadContext): Promise<Bytes> {
  const { store, signal, onLoaded } = context
  let waiting = true
  const poll = setInterval(async () => {
    // If the store fails, so will the download.
    const count = await store.count(file).catch(() => undefined)
    if (waiting && count !== undefined) onLoaded(count)
  }, POLL_INTERVAL)
  const stopPolling = () => {
    waiting = false
    clearInterval(poll)
  }
  const work = () => {
    stopPolling()
    return loadFile(file, context)
  }
  return withLock(storeKey(file), work, { signal }).finally(stopPolling)
}

async function loadFile(file: StorableFile, context: LoadContext): Promise<Bytes> {
  const { store, onLoaded } = context
  await store.removeOtherVersions(file)
  const bytes = allocate(file, file.bytes)
  const stored = await readStored(file, bytes, store)
  onLoaded(stored)
  const end = stored < bytes.length ? await downloadRest(file, bytes, stored, context) : stored
  if ((await sha256(bytes)) === file.sha256) {
    if (file.type !== undefined) await storeWhole(file, bytes, store)
    return bytes
  }
  await store.remove(file)
  // The stored bytes may be the wrong ones, so download the complete file before blaming the server.
  if (stored > 0) return loadFile(file, context)
  const found =
    substituteOf(bytes) ?? (end < bytes.length ? `cut off: the server sent ${end} of ${bytes.length} bytes` : undefined)
  throw new FetchError(
    `The file ${file.name} is not the one that this page expects: ` +
      (found ? `it is ${found}.` : 'its checksum differs. Load the page again.'),
    file.url,
    200,
  )
}

/** Puts one part in the place of all. */
async function storeWhole(file: StorableFile, bytes: Bytes, store: PartStore): Promise<void> {
  if (!(await store.isPersistent()) || (await store.address(file))) return
  await store.remove(file)
  await store.write(file, 0, bytes)
}

/** Copies the stored parts into `bytes` and returns how many bytes they fill. */
async function readStored(file: StorableFile, bytes: Bytes, store: PartStore): Promise<number> {
  let end = 0
  while (end < bytes.length) {
    const part = await store.read(file, end)
    if (!part?.length) break
    bytes.set(part.subarray(0, bytes.length - end), end)
    end += part.length
  }
  return Math.min(end, bytes.length)
}

/** Downloads the bytes from `from` on into `bytes` and stores them part by part. Resolves to where they end. */
async function downloadRest(
  file: StorableFile,
  bytes: Bytes,
  from: number,
  { store, signal, onLoaded }: LoadContext,
): Promise<number> {
  // Bytes that the store keeps need no copy in the HTTP cache.
  const cache = (await store.isPersistent()) ? 'no-store' : 'no-cache'
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
    // Awaited at the end. Until then a failure must not be an unhandled rejection.
    writing.catch(() => {})
  }
  try {
    for await (const chunk of chunksOf(file, download.body, signal)) {
      bytes.set(chunk.subarray(0, bytes.length - end), end)
      end = Math.min(end + chunk.length, bytes.length)
      onLoaded(end)
      if (end - stored >= PART_BYTES) storePart()
      if (end === bytes.length) break
    }
  } finally {
    if (end > stored) storePart()
    await writing
  }
  return end
}

/** The chunks of a body. Throws FetchError when the connection fails or stalls. */
async function* chunksOf(file: RemoteFile, body: ReadableStream<Bytes>, signal: AbortSignal): AsyncGenerator<Bytes> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await withStallTimeout(reader.read())
      if (done) return
      yield value
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw interruptedError(file, cause)
  } finally {
    reader.cancel().catch(() => {})
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
