import { requireFunction, requireInteger, requireMethod, requireOptions } from '../checks'
import { DtypeError } from '../errors'
import { valueText } from '../value_text'
import { type Bytes, requireStorable, type StorableFile, storeKey } from './files'
import type { MemoryStoreLike } from './memory_store'

/** Name of the cache in the Cache API. */
export const CACHE = 'vq-diffusion-webgpu models'

/** Opens no cache: nothing is stored. */
export const noCache = async (): Promise<undefined> => undefined

/**
 * Stores files in parts: in the Cache API or, if the browser refuses that, in memory.
 *
 * A part's key contains the file's hash and the part's first byte, so parts of different writers fit together. A reader
 * continues at the byte where the previous part ends.
 */
export class PartStore {
  /** Why parts are not stored, as a sentence; undefined while the browser does not refuse. */
  refusal: string | undefined
  readonly #memory: MemoryStoreLike | undefined
  readonly #cache: Promise<Cache | undefined>

  /**
   * Opens the cache.
   *
   * @param options.memory keeps the parts if the browser refuses storage; by default they are not kept
   * @param options.open opens the cache; by default the one of this package in the Cache API
   */
  constructor(options: { memory?: MemoryStoreLike; open?: () => Promise<Cache | undefined> } = {}) {
    const given = requireOptions('PartStore', options, { memory: true, open: true })
    const { memory, open = () => caches.open(CACHE) } = given
    if (memory !== undefined) requireMethod('memory', memory, 'read', 'a MemoryStore')
    requireFunction('open', open)
    this.#memory = memory
    // Pages without https have no global `caches`, so `open` may throw a ReferenceError.
    this.#cache = this.#attempt(() => open())
  }

  /** The part whose first byte is `from`, if it is stored. */
  async read(file: StorableFile, from: number): Promise<Bytes | undefined> {
    const key = partKey(file, from)
    const stored = await this.#withCache(async (cache) => (await cache.match(key))?.arrayBuffer())
    return stored ? new Uint8Array(stored) : this.#memory?.read(key)
  }

  /** Stores a copy of a part. After the first refusal, this and all later parts stay in memory. */
  async write(file: StorableFile, from: number, bytes: Bytes): Promise<void> {
    const key = partKey(file, from)
    if (!ArrayBuffer.isView(bytes)) throw new DtypeError(`A part needs to be a Uint8Array; given ${valueText(bytes)}.`)
    if (this.refusal === undefined) await this.#withCache((cache) => cache.put(key, partResponse(file, bytes)))
    if (this.refusal !== undefined) await this.#memory?.write(key, bytes.slice())
  }

  /** Whether parts are kept beyond this visit. */
  async isPersistent(): Promise<boolean> {
    return (await this.#cache) !== undefined && this.refusal === undefined
  }

  /** Number of contiguous bytes stored from the start of the file. Does not read them. */
  async count(file: StorableFile): Promise<number> {
    let end = 0
    for (;;) {
      const key = partKey(file, end)
      const stored = await this.#withCache(async (cache) => partLength(await cache.match(key)))
      const length = stored || ((await this.#memory?.length(key)) ?? 0)
      if (length === 0) return end
      end += length
    }
  }

  /**
   * The address of a file that is stored in one piece in the Cache API; undefined if it is not. No server has it, but a
   * service worker can answer with `caches.match(request)`. What the browser compiles of WebAssembly from there it keeps
   * for the next visit.
   */
  async address(file: StorableFile): Promise<string | undefined> {
    const key = partKey(file, 0)
    const length = await this.#withCache(async (cache) => partLength(await cache.match(key)))
    return length === file.bytes ? key : undefined
  }

  /** Removes all versions of a file. */
  async remove(file: StorableFile): Promise<void> {
    requireStorable(file)
    const key = storeKey(file)
    await this.#memory?.remove(`${key}?`)
    await this.#withCache((cache) => cache.delete(key, { ignoreSearch: true }))
  }

  /** Removes the stored versions of a file whose hash differs. */
  async removeOtherVersions(file: StorableFile): Promise<void> {
    requireStorable(file)
    const key = storeKey(file)
    await this.#withCache(async (cache) => {
      for (const { url } of await cache.keys(key, { ignoreSearch: true })) {
        if (!url.includes(file.sha256)) await cache.delete(url)
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
      this.refusal ??= `${refusalReason(error)}, so the next visit downloads it again.`
      return undefined
    }
  }
}

function refusalReason(error: unknown): string {
  const name = (error as Error | undefined)?.name
  if (name === 'ReferenceError') return 'Pages without https cannot store the model'
  return name === 'QuotaExceededError'
    ? 'There was no room to store the model'
    : 'The browser refused to store the model'
}

function partKey(file: StorableFile, from: number): string {
  requireStorable(file)
  requireInteger('The first byte of a part', from, 0)
  return `${storeKey(file)}?sha256=${file.sha256}&from=${from}`
}

function partResponse({ type }: StorableFile, bytes: Bytes): Response {
  const headers = { 'content-length': String(bytes.length), ...(type !== undefined && { 'content-type': type }) }
  return new Response(bytes, { headers })
}

/** Size of a stored part in bytes; 0 for undefined. */
export function partLength(part: Response | undefined): number {
  return Number(part?.headers.get('content-length') ?? 0)
}
