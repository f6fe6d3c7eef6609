import { rowsShape } from '../operator_options'
import type { Layout } from '../step_options'
import { elementCount } from '../tensor'
import { CpuTensor } from './tensor'

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

/** Rows 0 to rows − 1 of a token. */
export function readColumn(reader: ColumnReader, token: number, rows: number): Float64Array {
  // A loop, since `from` with a function takes several times as long.
  const column = new Float64Array(rows)
  for (let k = 0; k < rows; k++) column[k] = reader(token, k)
  return column
}

/** A new tensor f64 of the layout, filled column by column. Throws ShapeError, or OptionError for an unknown layout. */
export function fromColumns(
  layout: Layout,
  [batchSize, rows, numPixels]: readonly [number, number, number],
  column: (token: number, item: number) => Float64Array,
): CpuTensor<Float64Array> {
  const shape = rowsShape(layout, batchSize, rows, numPixels)
  const tensor = new CpuTensor(new Float64Array(elementCount(shape)), shape)
  for (let token = 0; token < batchSize * numPixels; token++) {
    const values = column(token, Math.floor(token / numPixels))
    for (let k = 0; k < rows; k++) tensor.data[elementIndex(layout, rows, numPixels, token, k)] = values[k]!
  }
  return tensor
}

/** The highest value; NaN if any is, −∞ of none. */
export function highest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity)
}

/** NaN or +∞: nothing can be drawn from the column that holds it. */
export function isInvalid(logit: number): boolean {
  return Number.isNaN(logit) || logit === Infinity
}

/**
 * ℓᵤ + s (ℓ_c − ℓᵤ). A class that the conditional half excludes (−∞) stays excluded; NaN and +∞ of either half, and a
 * class that only the unconditional half excludes, make the column invalid.
 */
export function guided(conditional: ColumnReader, unconditional: ColumnReader, scale: number): ColumnReader {
  return (token, k) => {
    const [c, u] = [conditional(token, k), unconditional(token, k)]
    if (isInvalid(c) || isInvalid(u)) return NaN
    if (c === -Infinity) return -Infinity
    return u === -Infinity ? NaN : u + scale * (c - u)
  }
}
