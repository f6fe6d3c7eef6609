import { OptionError, ShapeError } from './errors'
import type { RandomGenerator } from './random'
import {
  type Guidance,
  type Layout,
  requireColumns,
  requireDtype,
  requireGuidance,
  requireLayout,
  requireShape,
  requireTruncationRate,
  type TensorLike,
} from './step_options'

/** Arguments of the dense operators that both engines have, and their checks. */

export interface LayoutOption {
  /** Of the tensors with a class axis; 'class-major' by default. */
  readonly layout?: Layout
}

export interface QPosteriorOptions extends LayoutOption {
  /** Where to go, one number or one per item; t − 1 by default. */
  readonly previousTimestep?: number | readonly number[]
}

export interface LogQOptions<Sample> extends LayoutOption {
  readonly t: number | readonly number[]
  readonly xT: Sample
  /** From clean data (K rows), or from t − 1 (C rows). */
  readonly cumulative: boolean
}

/** What is made of logits before the reference's step: `logPX0`. */
export interface LogPX0Options<Tensor> extends LayoutOption {
  /** Layout of the result; that of the input by default. */
  readonly outputLayout?: Layout
  readonly guidance?: Guidance<Tensor>
  /** Whether to subtract the log-sum-exp; true by default. */
  readonly normalise?: boolean
  /** Strike out (−∞) the classes beyond this cumulative probability; 1 or more, the default, keeps all. */
  readonly truncationRate?: number
  /** Raise what is lower; the reference's −70 for a step with supplied noise. Not at all by default. */
  readonly minimum?: number
}

/** Exactly one of the two is needed. */
export interface AddNoiseOptions<Tensor, Sample> {
  readonly generator?: RandomGenerator
  /** Uniforms f32 [B, C, N] in [0, 1]: the draw of the paper authors' code. */
  readonly noise?: Tensor
  /** With a generator: where tokens that are no class are counted, u32 [2]; the scheduler's own counters by default. */
  readonly faults?: Sample
}

/** t − 1, for each. */
export function oneStepBefore(t: number | readonly number[]): number | readonly number[] {
  return typeof t === 'number' ? t - 1 : t.map((each) => each - 1)
}

/** [B, rows, N] or [B, N, rows]. Throws OptionError unless the layout is one of the two. */
export function rowsShape(layout: Layout, batchSize: number, rows: number, numPixels: number): number[] {
  requireLayout(layout)
  return layout === 'class-major' ? [batchSize, rows, numPixels] : [batchSize, numPixels, rows]
}

/** Throws DtypeError or ShapeError unless the tensor holds K rows in this layout; returns its other sizes. */
export function requireRows(
  name: string,
  tensor: TensorLike,
  layout: Layout,
  numCodes: number,
  dtypes: readonly string[],
): { batchSize: number; numPixels: number } {
  requireDtype(name, tensor, dtypes)
  const [batchSize = 0, second = 0, third = 0] = tensor.shape
  const numPixels = layout === 'class-major' ? third : second
  requireColumns(name, tensor, layout, [batchSize, numCodes, numPixels])
  return { batchSize, numPixels }
}

/** Throws OptionError unless this is a number of classes. */
export function requireNumClasses(numClasses: number): void {
  if (!Number.isSafeInteger(numClasses) || numClasses < 1)
    throw new OptionError(`numClasses needs to be an integer of at least 1; given ${numClasses}.`)
}

/** Checks the options of `logPX0` and the logits; returns the sizes of the result. Throws OptionError, ShapeError, DtypeError. */
export function requireLogPX0(
  modelOutput: TensorLike,
  { layout = 'class-major', guidance, truncationRate, minimum = 0 }: LogPX0Options<unknown>,
  numCodes: number,
  dtypes: readonly string[],
): { batchSize: number; numPixels: number } {
  requireLayout(layout)
  requireGuidance(guidance)
  requireTruncationRate(truncationRate)
  if (Number.isNaN(minimum)) throw new OptionError('minimum needs to be a number; given NaN.')
  const { batchSize, numPixels } = requireRows('modelOutput', modelOutput, layout, numCodes, dtypes)
  if (!guidance || guidance.unconditional) return { batchSize, numPixels }
  if (batchSize % 2 !== 0)
    throw new ShapeError(`modelOutput needs two halves of items, the unconditional first; given ${batchSize} items.`)
  return { batchSize: batchSize / 2, numPixels }
}

/** Throws ShapeError or DtypeError unless these are K vectors [K, E]; returns E. */
export function requireCodebook(codebook: TensorLike, numCodes: number, dtypes: readonly string[]): number {
  requireDtype('codebook', codebook, dtypes)
  const [, E = 0] = codebook.shape
  requireShape('codebook', codebook, [numCodes, E], '[codes, embedding]')
  return E
}
