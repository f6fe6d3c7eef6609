import { requireLogits, rowsShape } from '../checks'
import type { Guidance, Layout } from '../options'
import type { ClassRanges } from '../process/class_ranges'
import { asCpuTensor, type CpuArray, type CpuTensor, zeros } from './tensor'

/** Dtypes of logits and log-probabilities. */
export const logitDtypes: readonly string[] = ['f32', 'f16', 'f64']
/** Dtypes of other floats: uniforms, diagnostics, a codebook. */
export const floatDtypes: readonly string[] = ['f32', 'f64']

/** Copies the column of a token, indexed over the whole batch, into an array that has its rows, and returns that. */
export type ColumnReader = (token: number, into: Float64Array) => Float64Array

/** Row-major index of row k of a token in [B, rows, N] or [B, N, rows]. */
export function elementIndex(layout: Layout, rows: number, numPixels: number, token: number, k: number): number {
  if (layout === 'pixel-major') return token * rows + k
  return (Math.floor(token / numPixels) * rows + k) * numPixels + (token % numPixels)
}

/** Where the columns of a tensor lie in its array. */
interface Columns {
  readonly data: CpuArray
  readonly rows: number
  /** The position of row 0 of a token. */
  readonly start: (token: number) => number
  /** The distance of two rows. */
  readonly stride: number
}

function columnsOf({ data }: CpuTensor, layout: Layout, rows: number, numPixels: number): Columns {
  const stride = layout === 'pixel-major' ? 1 : numPixels
  return { data, rows, start: (token) => elementIndex(layout, rows, numPixels, token, 0), stride }
}

export function columns(tensor: CpuTensor, layout: Layout, rows: number, numPixels: number): ColumnReader {
  const { data, start, stride } = columnsOf(tensor, layout, rows, numPixels)
  return (token, into) => {
    for (let k = 0, i = start(token); k < rows; k++, i += stride) into[k] = data[i]!
    return into
  }
}

/** `columns` of logits. */
export function logitColumns(tensor: CpuTensor, layout: Layout, rows: number, numPixels: number): ColumnReader {
  return plain(columnsOf(tensor, layout, rows, numPixels))
}

/** The logits of the classes that each latent pixel may have; −∞ for the others, whatever their logits are. */
export function logitsInRange(
  reader: ColumnReader,
  { classRanges }: { readonly classRanges: ClassRanges | undefined },
  numPixels: number,
): ColumnReader {
  if (!classRanges) return reader
  const { ranges } = classRanges
  return (token, into) => {
    const { first, last } = ranges[token % numPixels]!
    return reader(token, into)
      .fill(-Infinity, 0, first)
      .fill(-Infinity, last + 1)
  }
}

/** Rows 0 to rows − 1 of a token, in an array of their own. */
export function readColumn(reader: ColumnReader, token: number, rows: number): Float64Array {
  return reader(token, new Float64Array(rows))
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

/** From here on numbers count as infinite logits, as in the kernels (docs/MATH.md#faults). */
const logitLimit = 1e29

/** A number as a logit, which may be infinite. */
export function asLogit(value: number): number {
  return isFiniteLogit(value) ? value : Math.sign(value) * Infinity
}

function isFiniteLogit(value: number): boolean {
  return Math.abs(value) < logitLimit
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
    return columnsOf(tensor, layout, numCodes, numPixels)
  }
  if (!guidance) return plain(check('modelOutput', modelOutput, batchSize))
  if (guidance.unconditional !== undefined) {
    const conditional = check('modelOutput', modelOutput, batchSize)
    const unconditional = check('guidance.unconditional', guidance.unconditional, batchSize)
    return guided(conditional, unconditional, guidance.scale)
  }
  const both = check('modelOutput (unconditional half first)', modelOutput, 2 * batchSize)
  const conditional = { ...both, start: (token: number) => both.start(token + batchSize * numPixels) }
  return guided(conditional, both, guidance.scale)
}

function plain(from: Columns): ColumnReader {
  const { data, rows, start, stride } = from
  return (token, into) => {
    if (!(copyColumn(from, token, into) < logitLimit))
      for (let k = 0, i = start(token); k < rows; k++, i += stride) into[k] = asLogit(data[i]!)
    return into
  }
}

function guided(conditional: Columns, unconditional: Columns, scale: number): ColumnReader {
  return (token, into) => {
    if (!(guideColumn(conditional, unconditional, scale, token, into) < logitLimit)) {
      const { data, rows, stride } = conditional
      let i = conditional.start(token)
      let j = unconditional.start(token)
      for (let k = 0; k < rows; k++, i += stride, j += stride)
        into[k] = guidedLogit(data[i]!, unconditional.data[j]!, scale)
    }
    return into
  }
}

/**
 * Copies a column as it is, and returns the sum of all magnitudes. If that is below `logitLimit`, so is each of them: one
 * test a column, since a test of each logit takes longer than the copy. A column with an infinite or invalid logit is read
 * again. It is a function of its own because engines compile the loop worse inside of the closure that calls it.
 */
function copyColumn({ data, rows, start, stride }: Columns, token: number, into: Float64Array): number {
  let sum = 0
  for (let k = 0, i = start(token); k < rows; k++, i += stride) {
    const logit = data[i]!
    into[k] = logit
    sum += Math.abs(logit)
  }
  return sum
}

/** `copyColumn` with guidance: the sum is that of both halves and of what is written. */
function guideColumn(
  { data, rows, start, stride }: Columns,
  unconditional: Columns,
  scale: number,
  token: number,
  into: Float64Array,
): number {
  const { data: unconditionalData } = unconditional
  let i = start(token)
  let j = unconditional.start(token)
  let sum = 0
  for (let k = 0; k < rows; k++, i += stride, j += stride) {
    const c = data[i]!
    const u = unconditionalData[j]!
    const logit = u + scale * (c - u)
    into[k] = logit
    sum += Math.abs(c) + Math.abs(u) + Math.abs(logit)
  }
  return sum
}

/**
 * ℓᵤ + s (ℓ_c − ℓᵤ) (docs/MATH.md#guidance). A class that the conditional half excludes (−∞) stays excluded. NaN and +∞
 * in either half, and a class that only the unconditional half excludes, make the column invalid.
 */
function guidedLogit(c: number, u: number, scale: number): number {
  if (isFiniteLogit(c) && isFiniteLogit(u)) return asLogit(u + scale * (c - u))
  return c <= -logitLimit && u < logitLimit ? -Infinity : NaN
}
