import { requireLogits, rowsShape } from '../checks'
import type { Guidance, Layout } from '../options'
import { asCpuTensor, type CpuTensor, zeros } from './tensor'

/** Dtypes of logits and log-probabilities. */
export const logitDtypes: readonly string[] = ['f32', 'f16', 'f64']
/** Dtypes of other floats: uniforms, diagnostics, a codebook. */
export const floatDtypes: readonly string[] = ['f32', 'f64']

/** Row k of a token's column; tokens are indexed over the whole batch. */
export type ColumnReader = (token: number, k: number) => number

/** Row-major index of row k of a token in [B, rows, N] or [B, N, rows]. */
export function elementIndex(layout: Layout, rows: number, numPixels: number, token: number, k: number): number {
  if (layout === 'pixel-major') return token * rows + k
  return (Math.floor(token / numPixels) * rows + k) * numPixels + (token % numPixels)
}

export function columns(tensor: CpuTensor, layout: Layout, rows: number, numPixels: number): ColumnReader {
  return (token, k) => tensor.data[elementIndex(layout, rows, numPixels, token, k)]!
}

/** `columns` of logits. */
export function logitColumns(tensor: CpuTensor, layout: Layout, rows: number, numPixels: number): ColumnReader {
  return (token, k) => asLogit(tensor.data[elementIndex(layout, rows, numPixels, token, k)]!)
}

/** Rows 0 to rows − 1 of a token. */
export function readColumn(reader: ColumnReader, token: number, rows: number): Float64Array {
  // A loop: Float64Array.from with a function takes several times as long.
  const column = new Float64Array(rows)
  for (let k = 0; k < rows; k++) column[k] = reader(token, k)
  return column
}

/** A new tensor, f64, filled column by column. */
export function fromColumns(
  layout: Layout,
  [batchSize, rows, numPixels]: readonly [number, number, number],
  column: (token: number, item: number) => Float64Array,
): CpuTensor<Float64Array> {
  const shape = rowsShape(layout, batchSize, rows, numPixels)
  const tensor = zeros(Float64Array, shape)
  for (let token = 0; token < batchSize * numPixels; token++) {
    const values = column(token, Math.floor(token / numPixels))
    for (let k = 0; k < rows; k++) tensor.data[elementIndex(layout, rows, numPixels, token, k)] = values[k]!
  }
  return tensor
}

/** A number as a logit: from ±1e29 on it counts as infinite, as in the kernels (docs/MATH.md#faults). */
export function asLogit(value: number): number {
  if (value <= -1e29) return -Infinity
  return value >= 1e29 ? Infinity : value
}

/** Whether a logit is NaN or +∞. */
export function isInvalid(logit: number): boolean {
  return Number.isNaN(logit) || logit === Infinity
}

/**
 * Checks the logits of B items of N pixels and K classes, and reads them with guidance. Without
 * `guidance.unconditional` the model output holds 2B items, the unconditional half first. Throws ShapeError,
 * DtypeError.
 */
export function logitsReader(
  modelOutput: CpuTensor,
  { layout = 'class-major', guidance }: { layout?: Layout; guidance?: Guidance<CpuTensor> },
  [batchSize, numCodes, numPixels]: readonly [number, number, number],
): ColumnReader {
  const check = (name: string, value: CpuTensor, items: number) => {
    const tensor = asCpuTensor(name, value)
    requireLogits(name, tensor, layout, [items, numCodes, numPixels], logitDtypes)
    return logitColumns(tensor, layout, numCodes, numPixels)
  }
  if (!guidance) return check('modelOutput', modelOutput, batchSize)
  if (guidance.unconditional !== undefined) {
    const conditional = check('modelOutput', modelOutput, batchSize)
    return guided(conditional, check('guidance.unconditional', guidance.unconditional, batchSize), guidance.scale)
  }
  const both = check('modelOutput (unconditional half first)', modelOutput, 2 * batchSize)
  return guided((token, k) => both(token + batchSize * numPixels, k), both, guidance.scale)
}

/**
 * ℓᵤ + s (ℓ_c − ℓᵤ) (docs/MATH.md#guidance). A class that the conditional half excludes (−∞) stays excluded. NaN and +∞
 * in either half, and a class that only the unconditional half excludes, make the column invalid.
 */
function guided(conditional: ColumnReader, unconditional: ColumnReader, scale: number): ColumnReader {
  return (token, k) => {
    const c = conditional(token, k)
    const u = unconditional(token, k)
    if (Number.isFinite(c) && Number.isFinite(u)) return asLogit(u + scale * (c - u))
    return c === -Infinity && !isInvalid(u) ? -Infinity : NaN
  }
}
