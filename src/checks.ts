import { DtypeError, OptionError, ShapeError, TimestepError, TokenRangeError } from './errors'
import type { Guidance, Layout, LogPX0Options, StepOptions, TimestepOptions } from './options'
import type { RandomGenerator } from './random'

/** Checks of arguments, the same for both engines. They throw before anything is enqueued or changed. */

/** The properties that the tensors of both engines share. */
export interface TensorLike {
  readonly shape: readonly number[]
  readonly dtype: string
}

// Tensors

/** Throws ShapeError unless the tensor has this shape. */
export function requireShape(name: string, tensor: TensorLike, shape: readonly number[], meaning: string): void {
  if (!sameShape(tensor.shape, shape))
    throw new ShapeError(`${name} needs the shape ${meaning} = ${shapeText(shape)}; given ${shapeText(tensor.shape)}.`)
}

/** Throws DtypeError unless the tensor's dtype is among those allowed. */
export function requireDtype(name: string, tensor: TensorLike, allowed: readonly string[]): void {
  if (!allowed.includes(tensor.dtype))
    throw new DtypeError(`${name} needs the dtype ${allowed.join(' or ')}; given ${tensor.dtype}.`)
}

/** Throws ShapeError or DtypeError unless this is a sample [B, N]; returns B and N. */
export function requireSample(name: string, tensor: TensorLike): { batchSize: number; numPixels: number } {
  requireDtype(name, tensor, ['u32', 'i32'])
  const [batchSize, numPixels, ...rest] = tensor.shape
  if (batchSize === undefined || numPixels === undefined || rest.length > 0)
    throw new ShapeError(`${name} needs two axes [batch, latent pixels]; given ${shapeText(tensor.shape)}.`)
  return { batchSize, numPixels }
}

/** Throws DtypeError or ShapeError unless this is a tensor of tokens with the shape of the sample. */
export function requireTokensLike(name: string, tensor: TensorLike, sample: TensorLike): void {
  requireDtype(name, tensor, ['u32', 'i32'])
  requireShape(name, tensor, sample.shape, "the sample's")
}

/** Throws ShapeError unless the tensor holds `rows` classes for B items of N pixels in this layout. */
export function requireColumns(
  name: string,
  tensor: TensorLike,
  layout: Layout,
  [batchSize, rows, numPixels]: readonly [number, number, number],
): void {
  const meaning = layout === 'class-major' ? '[batch, classes, pixels]' : '[batch, pixels, classes]'
  requireShape(name, tensor, rowsShape(layout, batchSize, rows, numPixels), meaning)
}

/** Throws DtypeError or ShapeError unless the tensor holds K rows in this layout; returns B and N. */
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

/** Throws ShapeError or DtypeError unless these are K vectors [K, E]; returns E. */
export function requireCodebook(codebook: TensorLike, numCodes: number, dtypes: readonly string[]): number {
  requireDtype('codebook', codebook, dtypes)
  const [, E = 0] = codebook.shape
  requireShape('codebook', codebook, [numCodes, E], '[codes, embedding]')
  return E
}

/** The tokens as u32. Throws TokenRangeError unless all are integers from 0 to C − 1. */
export function requireTokens(tokens: ArrayLike<number>, maskClass: number): Uint32Array<ArrayBuffer> {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (!Number.isInteger(token) || token < 0 || token > maskClass)
      throw new TokenRangeError(
        `Tokens need to be integers from 0 to ${maskClass} (the mask); given ${token} at position ${i}.`,
      )
  }
  return Uint32Array.from(tokens)
}

/**
 * Checks supplied uniforms: C rows, or K rows for steps to clean data; returns the number of rows. Throws DtypeError,
 * ShapeError, or OptionError if the batch mixes both kinds of steps.
 */
export function requireNoise(
  noise: TensorLike,
  layout: Layout,
  steps: readonly { u: number }[],
  [batchSize, numCodes, numPixels]: readonly [number, number, number],
): number {
  const rows = requireSameEnd(steps) ? numCodes : numCodes + 1
  requireDtype('noise', noise, ['f32', 'f64'])
  requireColumns('noise', noise, layout, [batchSize, rows, numPixels])
  return rows
}

// Timesteps

/** Throws TimestepError unless −1 ≤ u < t < T. */
export function requireTimesteps(numTrainTimesteps: number, t: number, u: number): void {
  if (!Number.isInteger(t) || t < 0 || t >= numTrainTimesteps)
    throw new TimestepError(`A timestep needs to be an integer from 0 to ${numTrainTimesteps - 1}; given ${t}.`)
  if (!Number.isInteger(u) || u < -1 || u >= t)
    throw new TimestepError(`The previous timestep of ${t} needs to be an integer from −1 to ${t - 1}; given ${u}.`)
}

/** One value for all items, or one per item, as a list. Throws TimestepError if a list has another length. */
export function requirePerItem(name: string, value: number | readonly number[], batchSize: number): readonly number[] {
  if (typeof value === 'number') return new Array<number>(batchSize).fill(value)
  if (value.length !== batchSize)
    throw new TimestepError(`${name} needs to be a number or one per batch item (${batchSize}); given ${value.length}.`)
  return value
}

/** Throws OptionError unless 1 ≤ n ≤ T. */
export function requireStepCount(numInferenceSteps: number, numTrainTimesteps: number): void {
  if (!Number.isSafeInteger(numInferenceSteps) || numInferenceSteps < 1 || numInferenceSteps > numTrainTimesteps)
    throw new OptionError(
      `The number of inference steps needs to be an integer from 1 to ${numTrainTimesteps} (num_train_timesteps); ` +
        `given ${numInferenceSteps}.`,
    )
}

/** A copy of the list. Throws OptionError unless it falls strictly within 0 … T − 1 and is not empty. */
export function requireTimestepList(timesteps: readonly number[], numTrainTimesteps: number): readonly number[] {
  const valid = timesteps.every(
    (t, i) => Number.isInteger(t) && t >= 0 && t < (i === 0 ? numTrainTimesteps : timesteps[i - 1]!),
  )
  if (!valid || timesteps.length === 0)
    throw new OptionError(
      `A list of timesteps needs to fall strictly from at most ${numTrainTimesteps - 1} to at least 0; given ${shapeText(timesteps)}.`,
    )
  return [...timesteps]
}

/** Throws OptionError unless the options give exactly one of a count and a list, and a known spacing. */
export function requireTimestepOptions({ numInferenceSteps, timesteps, spacing }: TimestepOptions): void {
  requireEither('sample', 'numInferenceSteps or timesteps', numInferenceSteps, timesteps)
  if (spacing !== undefined) requireOneOf('spacing', spacing, ['strided', 'leading'])
}

/** Throws OptionError unless the strength is a number from 0 to 1. */
export function requireStrength(name: string, strength: number): void {
  if (!(strength >= 0 && strength <= 1))
    throw new OptionError(`${name} needs to be a number from 0 to 1; given ${strength}.`)
}

/** Whether all items of a batch go to clean data. Throws OptionError if only some do. */
export function requireSameEnd(steps: readonly { u: number }[]): boolean {
  const ending = steps.filter(({ u }) => u === -1).length
  if (ending !== 0 && ending !== steps.length)
    throw new OptionError('All items of this batch need to go to clean data (−1), or none.')
  return ending > 0
}

// Options

/** Throws OptionError unless exactly one source of randomness is given and the options can be combined. */
export function requireStepOptions(options: StepOptions<unknown, unknown>): void {
  const { generator, noise, layout, guidance, truncationRate, predOriginalSample, known, diagnostics } = options
  requireEither('step', 'a generator or noise', generator, noise)
  requireLayout(layout)
  requireTruncationRate(truncationRate)
  requireGuidance(guidance)
  if (!noise) return
  const needGenerator = { predOriginalSample, known, diagnostics, truncationRate: truncates(truncationRate) }
  for (const [name, wanted] of Object.entries(needGenerator))
    if (wanted)
      throw new OptionError(`${name} needs a generator: the draw with supplied noise is that of diffusers, without it.`)
}

/** Checks the options and the logits of `logPX0`; returns B and N. Throws OptionError, ShapeError, DtypeError. */
export function requireLogPX0(
  modelOutput: TensorLike,
  { layout = 'class-major', outputLayout, guidance, truncationRate, minimum = 0 }: LogPX0Options<unknown>,
  numCodes: number,
  dtypes: readonly string[],
): { batchSize: number; numPixels: number } {
  requireLayout(layout)
  requireLayout(outputLayout)
  requireGuidance(guidance)
  requireTruncationRate(truncationRate)
  if (Number.isNaN(minimum)) throw new OptionError('minimum needs to be a number; given NaN.')
  const { batchSize, numPixels } = requireRows('modelOutput', modelOutput, layout, numCodes, dtypes)
  if (!guidance || guidance.unconditional) return { batchSize, numPixels }
  if (batchSize % 2 !== 0)
    throw new ShapeError(`modelOutput needs two halves of items, the unconditional first; given ${batchSize} items.`)
  return { batchSize: batchSize / 2, numPixels }
}

/** Throws OptionError unless this is a positive number of classes. */
export function requireNumClasses(numClasses: number): void {
  if (!Number.isSafeInteger(numClasses) || numClasses < 1)
    throw new OptionError(`numClasses needs to be an integer of at least 1; given ${numClasses}.`)
}

/** Throws OptionError unless the layout is one of the two, or left out. */
export function requireLayout(layout: Layout | undefined): void {
  if (layout !== undefined) requireOneOf('layout', layout, ['class-major', 'pixel-major'])
}

/** Throws OptionError unless the scale is finite, or guidance is left out. */
export function requireGuidance(guidance: Guidance<unknown> | undefined, name = 'guidance.scale'): void {
  if (guidance && !Number.isFinite(guidance.scale))
    throw new OptionError(`${name} needs to be a finite number; given ${guidance.scale}.`)
}

/** Throws OptionError unless the rate is a number, or left out. */
export function requireTruncationRate(truncationRate: number | undefined): void {
  if (Number.isNaN(truncationRate)) throw new OptionError('truncationRate needs to be a number; given NaN.')
}

/** Whether a truncation rate truncates anything. */
export function truncates(truncationRate: number | undefined): truncationRate is number {
  return truncationRate !== undefined && truncationRate < 1
}

/** Throws OptionError if there is no generator. */
export function requireGenerator(name: string, generator: RandomGenerator | undefined): asserts generator {
  if (!generator) throw new OptionError(`${name} needs a generator; given none.`)
}

/** Throws OptionError unless exactly one of two options is given. */
export function requireEither(name: string, choice: string, one: unknown, other: unknown): void {
  if ((one === undefined) === (other === undefined))
    throw new OptionError(`${name} needs either ${choice}; given ${one === undefined ? 'neither' : 'both'}.`)
}

/** Throws OptionError unless the value is among those allowed. */
export function requireOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string))
    throw new OptionError(`${name} needs to be '${allowed.join("' or '")}'; given ${JSON.stringify(value)}.`)
}

// Shapes

/** Number of elements of a shape. Throws ShapeError unless every dimension is a non-negative integer. */
export function elementCount(shape: readonly number[]): number {
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0)
      throw new ShapeError(`A shape needs non-negative integers; given ${shapeText(shape)}.`)
  }
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** [B, rows, N] for 'class-major', [B, N, rows] for 'pixel-major'. */
export function rowsShape(layout: Layout, batchSize: number, rows: number, numPixels: number): number[] {
  return layout === 'class-major' ? [batchSize, rows, numPixels] : [batchSize, numPixels, rows]
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis])
}

/** A shape for an error message. */
export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`
}
