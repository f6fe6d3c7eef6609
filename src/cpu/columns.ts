import type { Layout } from '../step_options'
import type { CpuTensor } from './tensor'

/** One value of a column: row k of a token, counted through the batch. */
export type ColumnReader = (token: number, k: number) => number

/** Row-major index of row k of a token in [B, rows, N] or [B, N, rows]. */
export function elementIndex(layout: Layout, rows: number, numPixels: number, token: number, k: number): number {
  if (layout === 'pixel-major') return token * rows + k
  return (Math.floor(token / numPixels) * rows + k) * numPixels + (token % numPixels)
}

export function columns(
  tensor: CpuTensor,
  layout: Layout = 'class-major',
  rows: number,
  numPixels: number,
): ColumnReader {
  return (token, k) => tensor.data[elementIndex(layout, rows, numPixels, token, k)]!
}

/**
 * ℓᵤ + s (ℓ_c − ℓᵤ). A class that the conditional half excludes (−∞) stays excluded; NaN and +∞ of either half, and a
 * class that only the unconditional half excludes, make the column invalid.
 */
export function guided(conditional: ColumnReader, unconditional: ColumnReader, scale: number): ColumnReader {
  return (token, k) => {
    const [c, u] = [conditional(token, k), unconditional(token, k)]
    if (u === Infinity) return NaN
    if (c === -Infinity) return Number.isNaN(u) ? NaN : -Infinity
    return u + scale * (c - u)
  }
}
