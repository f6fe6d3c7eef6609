import { sha256 } from './checksum'
import { brokeOff, DownloadError, type DownloadProgress, openDownload } from './download'
import type { LargeFile } from './large_file'
import { exclusively } from './lock'
import type { PartStore } from './part_store'

type Bytes = Uint8Array<ArrayBuffer>

/** What arrives is stored whenever there is this much of it: the most that is lost when the page closes. */
const PART_BYTES = 4 * 2 ** 20

/** Without a byte for so many milliseconds a connection counts as failed, and no longer keeps other tabs waiting. */
const PATIENCE = 30_000

/** How often a tab looks how far another one has come with the same file, in milliseconds. */
const LOOK_EVERY = 500

export interface Obtained {
  contents: Bytes[]
  /** Why the files will have to be downloaded again at the next visit, as a sentence; undefined when they are stored. */
  refusal: string | undefined
}

/**
 * Gives the files, verified; from the store as far as they are there, the rest from the server.
 *
 * The first failure gives up the other files. What has arrived is kept, so the next call asks only for the rest.
 *
 * @throws {DownloadError} if a file did not arrive, or is not the one that is expected
 */
export async function obtain(files: LargeFile[], onProgress: DownloadProgress, store: PartStore): Promise<Obtained> {
  const giveUp = new AbortController()
  const total = sum(files.map((file) => file.bytes))
  const arrived = files.map(() => 0)
  const failures: unknown[] = []
  const one = async (file: LargeFile, index: number) => {
    const onArrived = (count: number) => {
      arrived[index] = count
      onProgress(sum(arrived), total)
    }
    try {
      return await obtainInTurn(file, { store, signal: giveUp.signal, onArrived })
    } catch (error) {
      failures.push(error)
      giveUp.abort()
      return undefined
    }
  }
  onProgress(0, total)
  // Waits for all of them, failed or not: they store what they have before they end.
  const contents = await Promise.all(files.map(one))
  if (failures.length > 0) throw failures[0]
  return { contents: contents as Bytes[], refusal: store.refusal }
}

interface Circumstances {
  store: PartStore
  signal: AbortSignal
  onArrived: (bytes: number) => void
}

/** Tabs that need the same file take turns: the first downloads it, the others find it stored. */
async function obtainInTurn(file: LargeFile, circumstances: Circumstances): Promise<Bytes> {
  const { store, signal, onArrived } = circumstances
  let waiting = true
  const watch = setInterval(async () => {
    const count = await store.count(file)
    if (waiting) onArrived(count)
  }, LOOK_EVERY)
  const endWaiting = () => {
    waiting = false
    clearInterval(watch)
  }
  const work = () => {
    endWaiting()
    return obtainFile(file, circumstances)
  }
  return exclusively(file.place, work, { signal }).finally(endWaiting)
}

async function obtainFile(file: LargeFile, circumstances: Circumstances): Promise<Bytes> {
  const { store, onArrived } = circumstances
  await store.removeOtherVersions(file)
  const bytes = new Uint8Array(file.bytes)
  const stored = await readStored(file, bytes, store)
  onArrived(stored)
  if (stored < bytes.length) await fetchRest(file, bytes, stored, circumstances)
  if ((await sha256(bytes)) === file.sha256) return bytes
  await store.remove(file)
  // What was stored may be to blame, and not the server: only a whole download tells.
  if (stored > 0) return obtainFile(file, circumstances)
  throw new DownloadError(
    `The file ${file.name} is not the one that this page expects: its checksum differs. Load the page again.`,
  )
}

/** Copies the stored parts to where they belong, and gives the number of bytes that are there then. */
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

/** Downloads what comes after byte `from`, storing it part by part. */
async function fetchRest(file: LargeFile, bytes: Bytes, from: number, { store, signal, onArrived }: Circumstances) {
  // What is stored here need not be in the browser's own cache too.
  const cache = store.refusal === undefined ? 'no-store' : 'no-cache'
  const download = await openDownload(file, { from, cache, signal })
  // A server that cannot send parts of files sends it all again.
  if (download.from < from) await store.remove(file)
  let kept = download.from
  let end = download.from
  let storing = Promise.resolve()
  // Reading goes on meanwhile: what waits unread is lost when the connection fails.
  const keep = () => {
    const [begin, part] = [kept, bytes.subarray(kept, end)]
    kept = end
    storing = storing.then(() => store.write(file, begin, part))
  }
  const reader = download.body.getReader()
  try {
    while (end < bytes.length) {
      const { done, value } = await inTime(reader.read())
      if (done) break
      bytes.set(value.subarray(0, bytes.length - end), end)
      end = Math.min(end + value.length, bytes.length)
      onArrived(end)
      if (end - kept >= PART_BYTES) keep()
    }
  } catch {
    throw brokeOff(file)
  } finally {
    reader.cancel().catch(() => {})
    if (end > kept) keep()
    await storing
  }
}

async function inTime<Result>(promise: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, PATIENCE)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
