import type { Problem } from '../peer'

/** Columns of class-major tensors are gathered this many at a time: as many as share a cache line. */
const tile = 16

/**
 * Reads a tensor column by column: [B, N, rows] where the columns lie, [B, rows, N] gathered a cache line's worth at a
 * time.
 */
export class Columns {
  readonly #gathered: Float32Array | undefined
  readonly #numPixels: number
  /** The tokens that are gathered. */
  #first = 0
  #end = 0

  constructor(
    private readonly data: Float32Array,
    { layout, numLatentPixels }: Pick<Problem, 'layout' | 'numLatentPixels'>,
    private readonly rows: number,
  ) {
    this.#gathered = layout === 'class-major' ? new Float32Array(tile * rows) : undefined
    this.#numPixels = numLatentPixels
  }

  /** Rows of a token, counted through the batch; valid until the next call. */
  column(token: number): Float32Array {
    const { rows } = this
    if (!this.#gathered) return this.data.subarray(token * rows, (token + 1) * rows)
    if (token < this.#first || token >= this.#end) this.gather(this.#gathered, token)
    const place = token - this.#first
    return this.#gathered.subarray(place * rows, (place + 1) * rows)
  }

  private gather(gathered: Float32Array, first: number): void {
    const { data, rows } = this
    const numPixels = this.#numPixels
    const pixel = first % numPixels
    const width = Math.min(tile, numPixels - pixel)
    const start = (first - pixel) * rows + pixel
    for (let k = 0; k < rows; k++) {
      const row = start + k * numPixels
      for (let i = 0; i < width; i++) gathered[i * rows + k] = data[row + i]!
    }
    this.#first = first
    this.#end = first + width
  }
}
