import type { Tokens } from '../worker/protocol'

interface Request {
  tokens: Tokens
  resolve(bitmap: ImageBitmap | undefined): void
  reject(error: unknown): void
}

/**
 * Decodes pictures while somebody scrubs over them: one at a time, and of those that are asked for meanwhile only the
 * latest. Keeps the last few; the bitmaps are its own, and it closes them.
 */
export class Previews {
  readonly #decode: (tokens: Tokens) => Promise<ImageBitmap>
  readonly #capacity: number
  /** By the array itself, in the order of their last use. */
  readonly #decoded = new Map<Tokens, ImageBitmap>()
  #waiting: Request | undefined
  #busy = false

  /** @param decode the picture of clean tokens, a bitmap that belongs to nobody else */
  constructor(decode: (tokens: Tokens) => Promise<ImageBitmap>, capacity = 24) {
    this.#decode = decode
    this.#capacity = capacity
  }

  /** The picture of these very tokens (the same array), if it is here. */
  get(tokens: Tokens): ImageBitmap | undefined {
    const bitmap = this.#decoded.get(tokens)
    if (bitmap) this.#keep(tokens, bitmap)
    return bitmap
  }

  /** The picture, or undefined when another one was asked for before its turn came. Rejects as `decode` does. */
  request(tokens: Tokens): Promise<ImageBitmap | undefined> {
    this.#waiting?.resolve(undefined)
    return new Promise((resolve, reject) => {
      this.#waiting = { tokens, resolve, reject }
      if (!this.#busy) this.#work()
    })
  }

  /** Forgets all pictures; nobody waits any more. */
  clear(): void {
    this.#take()?.resolve(undefined)
    for (const bitmap of this.#decoded.values()) bitmap.close()
    this.#decoded.clear()
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (let next = this.#take(); next; next = this.#take()) {
      const { tokens, resolve, reject } = next
      try {
        const bitmap = this.get(tokens) ?? (await this.#decode(tokens))
        this.#keep(tokens, bitmap)
        resolve(bitmap)
      } catch (error) {
        reject(error)
      }
    }
    this.#busy = false
  }

  #take(): Request | undefined {
    const request = this.#waiting
    this.#waiting = undefined
    return request
  }

  #keep(tokens: Tokens, bitmap: ImageBitmap): void {
    this.#decoded.delete(tokens)
    this.#decoded.set(tokens, bitmap)
    if (this.#decoded.size <= this.#capacity) return
    const [oldest, dropped] = this.#decoded.entries().next().value!
    this.#decoded.delete(oldest)
    dropped.close()
  }
}
