import type { LargeFile } from './large_file'
import type { AnyShelf } from './memory_store'

type Bytes = Uint8Array<ArrayBuffer>

/** The name of the cache. */
export const CACHE = 'vq-diffusion-webgpu models'

/**
 * Keeps what has arrived of files, in parts; in the Cache API, and on a shelf in memory where that is refused.
 *
 * A part's key says to which content it belongs (the file's hash) and at which byte it begins. So parts fit together
 * whoever wrote them, and whoever reads goes from the end of one to the beginning of the next.
 */
export class PartStore {
  /** Why parts stay in memory, as a sentence; undefined as long as they are stored. */
  refusal: string | undefined
  readonly #shelf: AnyShelf
  readonly #cache: Promise<Cache | undefined>

  /** @param open how to get the cache; tests bring their own */
  constructor(shelf: AnyShelf, open = () => caches.open(CACHE)) {
    this.#shelf = shelf
    // Without https the very name `caches` is missing, which throws: hence inside of an attempt.
    this.#cache = this.#attempt(() => open())
  }

  /** The part that begins at byte `from`, if there is one. */
  async read(file: LargeFile, from: number): Promise<Bytes | undefined> {
    const key = keyOf(file, from)
    const stored = await this.#withCache(async (cache) => (await cache.match(key))?.arrayBuffer())
    return stored ? new Uint8Array(stored) : this.#shelf.read(key)
  }

  /** Keeps a part, as a copy. From the first one that cannot be stored, parts stay in memory. */
  async write(file: LargeFile, from: number, bytes: Bytes): Promise<void> {
    const key = keyOf(file, from)
    if (this.refusal === undefined) await this.#withCache((cache) => cache.put(key, responseOf(bytes)))
    if (this.refusal !== undefined) await this.#shelf.write(key, bytes.slice())
  }

  /** How many bytes there are from the beginning of the file on; does not read them. */
  async count(file: LargeFile): Promise<number> {
    let end = 0
    for (;;) {
      const key = keyOf(file, end)
      const stored = await this.#withCache(async (cache) => lengthOf(await cache.match(key)))
      const length = stored || (await this.#shelf.length(key))
      if (length === 0) return end
      end += length
    }
  }

  /** Forgets a file, in all its versions. */
  async remove({ place }: LargeFile): Promise<void> {
    await this.#shelf.remove(`${place}?`)
    await this.#withCache((cache) => cache.delete(place, { ignoreSearch: true }))
  }

  /** Forgets the stored versions of a file that are not this one. */
  async removeOtherVersions({ place, sha256 }: LargeFile): Promise<void> {
    await this.#withCache(async (cache) => {
      for (const { url } of await cache.keys(place, { ignoreSearch: true })) {
        if (!url.includes(sha256)) await cache.delete(url)
      }
    })
  }

  async #withCache<Result>(work: (cache: Cache) => Promise<Result>): Promise<Result | undefined> {
    const cache = await this.#cache
    return cache && this.#attempt(() => work(cache))
  }

  async #attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work()
    } catch (error) {
      this.refusal ??= `${reason(error)}, so the next visit downloads it again.`
      return undefined
    }
  }
}

function reason(error: unknown): string {
  if (error instanceof ReferenceError) return 'Pages without https cannot store the model'
  const isFull = error instanceof DOMException && error.name === 'QuotaExceededError'
  return isFull ? 'There was no room to store the model' : 'The browser refused to store the model'
}

function keyOf({ place, sha256 }: LargeFile, from: number): string {
  return `${place}?sha256=${sha256}&from=${from}`
}

function responseOf(bytes: Bytes): Response {
  return new Response(bytes, { headers: { 'content-length': String(bytes.length) } })
}

/** The size of a stored part. */
export function lengthOf(part: Response | undefined): number {
  return Number(part?.headers.get('content-length') ?? 0)
}
