import type { Tokens } from '../worker/protocol'

interface DecodeRequest {
  tokens: Tokens
  resolve(bitmap: ImageBitmap | undefined): void
  reject(error: unknown): void
}

/**
 * Decodes previews while the user scrubs: one at a time, and of the requests that arrive meanwhile only the latest. Caches
 * the last bitmaps; it owns and closes them.
 */
export class Previews {
  readonly #decode: (tokens: Tokens) => Promise<ImageBitmap>
  readonly #capacity: number
  /** Keyed by the array object, least recently used first. */
  readonly #decoded = new Map<Tokens, ImageBitmap>()
  #waiting: DecodeRequest | undefined
  #busy = false

  /** @param decode decodes clean tokens to a bitmap, which this object then owns */
  constructor(decode: (tokens: Tokens) => Promise<ImageBitmap>, capacity = 24) {
    this.#decode = decode
    this.#capacity = capacity
  }

  /** The cached bitmap for this array object. */
  get(tokens: Tokens): ImageBitmap | undefined {
    const bitmap = this.#decoded.get(tokens)
    if (bitmap) this.#add(tokens, bitmap)
    return bitmap
  }

  /** The bitmap, or undefined if a later request replaces this one before it starts. Rejects as `decode` does. */
  request(tokens: Tokens): Promise<ImageBitmap | undefined> {
    this.#waiting?.resolve(undefined)
    return new Promise((resolve, reject) => {
      this.#waiting = { tokens, resolve, reject }
      if (!this.#busy) this.#work()
    })
  }

  /** Closes all bitmaps, and resolves the waiting request with undefined. */
  clear(): void {
    this.#takeWaiting()?.resolve(undefined)
    for (const bitmap of this.#decoded.values()) bitmap.close()
    this.#decoded.clear()
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (let request = this.#takeWaiting(); request; request = this.#takeWaiting()) {
      const { tokens, resolve, reject } = request
      try {
        const bitmap = this.get(tokens) ?? (await this.#decode(tokens))
        this.#add(tokens, bitmap)
        resolve(bitmap)
      } catch (error) {
        reject(error)
      }
    }
    this.#busy = false
  }

  #takeWaiting(): DecodeRequest | undefined {
    const request = this.#waiting
    this.#waiting = undefined
    return request
  }

  #add(tokens: Tokens, bitmap: ImageBitmap): void {
    this.#decoded.delete(tokens)
    this.#decoded.set(tokens, bitmap)
    if (this.#decoded.size <= this.#capacity) return
    const [oldest, dropped] = this.#decoded.entries().next().value!
    this.#decoded.delete(oldest)
    dropped.close()
  }
}
