type Bytes = Uint8Array<ArrayBuffer>

/**
 * Parts of files in memory, for where nothing can be stored. The page owns it and its worker uses it through comlink, since
 * a worker is closed when something fails, and what has arrived is still wanted then.
 */
export class Shelf {
  readonly #parts = new Map<string, Bytes>()

  read(key: string): Bytes | undefined {
    return this.#parts.get(key)
  }

  length(key: string): number {
    return this.#parts.get(key)?.length ?? 0
  }

  write(key: string, bytes: Bytes): void {
    this.#parts.set(key, bytes)
  }

  /** Forgets all parts whose key begins like this. */
  remove(beginning: string): void {
    for (const key of [...this.#parts.keys()]) if (key.startsWith(beginning)) this.#parts.delete(key)
  }
}

/** A shelf here or on another thread. */
export type AnyShelf = {
  [Method in keyof Shelf]: (
    ...values: Parameters<Shelf[Method]>
  ) => ReturnType<Shelf[Method]> | Promise<Awaited<ReturnType<Shelf[Method]>>>
}
