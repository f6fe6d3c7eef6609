import type { Bytes } from './files'

/**
 * Parts of files in memory, used when the browser refuses storage. It lives in the page and the worker calls it through
 * comlink, so the parts outlive a worker that is closed after a failure.
 */
export class MemoryStore {
  readonly #parts = new Map<string, Bytes>()

  /** The part with this key; undefined if there is none. */
  read(key: string): Bytes | undefined {
    return this.#parts.get(key)
  }

  /** Size of a part in bytes; 0 if there is none. */
  length(key: string): number {
    return this.#parts.get(key)?.length ?? 0
  }

  /** Keeps a part. The bytes are not copied. */
  write(key: string, bytes: Bytes): void {
    this.#parts.set(key, bytes)
  }

  /** Removes all parts whose key starts with `prefix`. */
  remove(prefix: string): void {
    for (const key of [...this.#parts.keys()]) if (key.startsWith(prefix)) this.#parts.delete(key)
  }
}

/** A `MemoryStore` on this thread, or a comlink proxy of one. */
export type MemoryStoreLike = {
  [Method in keyof MemoryStore]: (
    ...values: Parameters<MemoryStore[Method]>
  ) => ReturnType<MemoryStore[Method]> | Promise<Awaited<ReturnType<MemoryStore[Method]>>>
}
