import { side } from './drawings.mjs'

/** Sides at which drawings are compared, each for fewer of them, and how far they are shifted there. */
const passes = [
  { side: side / 4, shift: 0, keep: 128 },
  { side: side / 2, shift: 1, keep: 12 },
  { side, shift: 2, keep: 1 },
]

/**
 * Finds the drawing that is nearest to a picture by the mean squared difference of all premultiplied channels, at the
 * best shift of up to 4 pixels of the picture in each direction. The search narrows from coarse to fine.
 */
export class NearestDrawing {
  #drawings
  /** Pixels of all drawings by side. */
  #pyramid
  /** Numbers of drawings by name. */
  #byName = new Map()

  /**
   * @param {{ drawings: readonly { name: string }[], pixels: Uint8Array }} training
   */
  constructor({ drawings, pixels }) {
    this.#drawings = drawings
    this.#pyramid = new Map([[side, pixels]])
    for (const { side: small } of passes.slice(0, -1).reverse())
      this.#pyramid.set(small, halve(this.#pyramid.get(2 * small), 2 * small))
    for (const [index, { name }] of drawings.entries())
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), index])
  }

  /**
   * @param {Float32Array} rgba a picture [4, 128, 128], premultiplied, 0..1
   * @param {string} name what it should show
   * @returns {{ hit: boolean, nearest: number, distance: number, own: number, other: number }} whether a drawing of this
   *   name is as near as the nearest, that one's number and distance, and the distances to the nearest drawings of this
   *   name and of others, all as root mean squares of channels from 0 to 1
   */
  find(rgba, name) {
    const queries = new Map([[side, shrink(rgba)]])
    for (const { side: small } of passes.slice(0, -1).reverse())
      queries.set(small, halve(queries.get(2 * small), 2 * small))
    const own = this.#byName.get(name)
    let candidates = this.#drawings.keys()
    let ranked = []
    for (const { side: size, shift, keep } of passes) {
      const query = queries.get(size)
      const pixels = this.#pyramid.get(size)
      ranked = Array.from(candidates, (index) => ({ index, error: squaredError(query, pixels, index, size, shift) }))
      ranked.sort((a, b) => a.error - b.error)
      candidates = new Set([...ranked.slice(0, keep).map(({ index }) => index), ...own.slice(0, 24)])
    }
    const nearest = ranked[0]
    const isOwn = ({ index }) => this.#drawings[index].name === name
    const ownError = ranked.find(isOwn).error
    const otherError = ranked.find((found) => !isOwn(found))?.error ?? Infinity
    const rms = (error) => Math.sqrt(error / (side * side * 4)) / 255
    return {
      hit: ownError <= nearest.error,
      nearest: nearest.index,
      distance: rms(nearest.error),
      own: rms(ownError),
      other: rms(otherError),
    }
  }
}

/** The least sum of squared differences between a picture and a drawing over all shifts of the drawing. */
function squaredError(query, pixels, index, size, shift) {
  const base = index * size * size * 4
  let least = Infinity
  for (let dy = -shift; dy <= shift; dy++)
    for (let dx = -shift; dx <= shift; dx++) {
      let sum = 0
      for (let y = 0; y < size && sum < least; y++) {
        const row = y * size * 4
        const from = y + dy
        const inside = from >= 0 && from < size
        const drawn = base + (from * size + dx) * 4
        // Outside of the drawing is transparent.
        const [first, end] = inside ? [Math.max(0, -dx) * 4, Math.min(size, size - dx) * 4] : [0, 0]
        for (let i = 0; i < first; i++) sum += query[row + i] * query[row + i]
        for (let i = first; i < end; i++) {
          const difference = query[row + i] - pixels[drawn + i]
          sum += difference * difference
        }
        for (let i = end; i < size * 4; i++) sum += query[row + i] * query[row + i]
      }
      least = Math.min(least, sum)
    }
  return least
}

/** Pictures [n, size, size, RGBA] at half their size. */
function halve(pixels, size) {
  const half = size / 2
  const small = new Uint8Array(pixels.length / 4)
  for (let i = 0, row = 0; row < small.length / (half * 4); row++)
    for (let x = 0; x < half; x++)
      for (let channel = 0; channel < 4; channel++, i++) {
        const from = 2 * row * size * 4 + 2 * x * 4 + channel
        small[i] = (pixels[from] + pixels[from + 4] + pixels[from + size * 4] + pixels[from + size * 4 + 4] + 2) >> 2
      }
  return small
}

/** A decoded picture [4, 128, 128] as bytes [side, side, RGBA]. */
export function shrink(rgba) {
  const full = 2 * side
  const small = new Uint8Array(side * side * 4)
  for (let i = 0, y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let channel = 0; channel < 4; channel++, i++) {
        const from = channel * full * full + 2 * y * full + 2 * x
        const sum = rgba[from] + rgba[from + 1] + rgba[from + full] + rgba[from + full + 1]
        small[i] = Math.round(Math.min(1, Math.max(0, sum / 4)) * 255)
      }
  return small
}
