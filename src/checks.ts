import { DtypeError, OptionError, ShapeError, TimestepError, TokenRangeError } from './errors'
import { kindOf } from './kind'
import { type Names, unknownName } from './option_names'
import type { Guidance, KnownTokens, Layout, LogPX0Options, StepOptions, TimestepOptions } from './options'
import type { RandomGenerator } from './random'
import { dtypeText, shapeText, valueText } from './value_text'

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
export function requireDtype(name: string, { dtype }: { readonly dtype: string }, allowed: readonly string[]): void {
  if (!allowed.includes(dtype))
    throw new DtypeError(`${name} needs the dtype ${allowed.join(' or ')}; given ${dtypeText(dtype)}.`)
}

/** Throws ShapeError or DtypeError unless this is a sample [B, N]; returns B and N. */
export function requireSample(name: string, tensor: TensorLike): { batchSize: number; numPixels: number } {
  requireDtype(name, tensor, ['u32', 'i32'])
  return requireSampleShape(name, tensor.shape)
}

/** Throws ShapeError unless this is the shape of a sample; returns B and N. */
export function requireSampleShape(name: string, shape: readonly number[]): { batchSize: number; numPixels: number } {
  elementCount(shape)
  const [batchSize, numPixels] = shape
  if (batchSize === undefined || numPixels === undefined || shape.length > 2)
    throw new ShapeError(`${name} needs two axes [batch, latent pixels]; given ${shapeText(shape)}.`)
  return { batchSize, numPixels }
}

/** Throws ShapeError unless N is the number of pairs of class_range, or there is no class_range. */
export function requirePixels(name: string, numPixels: number, pairs: number | undefined): void {
  if (pairs !== undefined && numPixels !== pairs)
    throw new ShapeError(
      `${name} needs ${pairs} latent pixels, one for each pair of the scheduler's class_range; given ${numPixels}.`,
    )
}

/** Throws DtypeError or ShapeError unless this is a tensor of tokens with the shape of the sample. */
export function requireTokensLike(
  name: string,
  tensor: TensorLike,
  { shape }: { readonly shape: readonly number[] },
): void {
  requireDtype(name, tensor, ['u32', 'i32'])
  requireShape(name, tensor, shape, "the sample's")
}

/** Throws ShapeError unless the tensor holds `rows` classes for B items of N pixels in this layout. */
export function requireColumns(
  name: string,
  tensor: TensorLike,
  layout: Layout,
  [batchSize, rows, numPixels]: readonly [number, number, number],
): void {
  const shape = rowsShape(layout, batchSize, rows, numPixels)
  if (sameShape(tensor.shape, shape)) return
  const meaning = layout === 'class-major' ? '[batch, classes, pixels]' : '[batch, pixels, classes]'
  const other = layout === 'class-major' ? 'pixel-major' : 'class-major'
  const mixedUp = sameShape(tensor.shape, rowsShape(other, batchSize, rows, numPixels))
  const cure = mixedUp ? ` Its axes are those of layout: '${other}'.` : ''
  throw new ShapeError(
    `${name} needs the shape ${meaning} = ${shapeText(shape)}; given ${shapeText(tensor.shape)}.${cure}`,
  )
}

/** Throws DtypeError or ShapeError unless the tensor holds K rows for B items of N pixels in this layout. */
export function requireLogits(
  name: string,
  tensor: TensorLike,
  layout: Layout,
  [batchSize, numCodes, numPixels]: readonly [number, number, number],
  dtypes: readonly string[],
): void {
  requireDtype(name, tensor, dtypes)
  // The likeliest of all mistakes: the configuration counts the mask, the logits do not.
  if (sameShape(tensor.shape, rowsShape(layout, batchSize, numCodes + 1, numPixels)))
    throw new ShapeError(
      `${name} needs ${numCodes} classes, one less than num_vec_classes, which counts the mask: ` +
        `${shapeText(rowsShape(layout, batchSize, numCodes, numPixels))}; given ${shapeText(tensor.shape)}. ` +
        `Logits of ${numCodes + 1} classes need num_vec_classes ${numCodes + 2}, the mask included.`,
    )
  requireColumns(name, tensor, layout, [batchSize, numCodes, numPixels])
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
  const [rows, pixels] = layout === 'class-major' ? [second, third] : [third, second]
  // Of a tensor in the other layout the number of pixels is on the axis of the classes.
  const numPixels = rows !== numCodes && pixels === numCodes ? rows : pixels
  requireLogits(name, tensor, layout, [batchSize, numCodes, numPixels], dtypes)
  return { batchSize, numPixels }
}

/** Throws ShapeError or DtypeError unless these are K vectors [K, E]; returns E. */
export function requireCodebook(codebook: TensorLike, numCodes: number, dtypes: readonly string[]): number {
  requireDtype('codebook', codebook, dtypes)
  const [, E = 0] = codebook.shape
  requireShape('codebook', codebook, [numCodes, E], '[codes, embedding]')
  return E
}

/** Throws DtypeError unless this is a list or a typed array. */
export function requireArrayLike(name: string, values: ArrayLike<number>): void {
  if (typeof values !== 'object' || typeof values?.length !== 'number')
    throw new DtypeError(`${name} need to be a list or a typed array; given ${valueText(values)}.`)
}

/** The tokens as u32. Throws DtypeError unless it is a list, TokenRangeError unless all are integers from 0 to C − 1. */
export function requireTokens(tokens: ArrayLike<number>, maskClass: number): Uint32Array<ArrayBuffer> {
  requireArrayLike('Tokens', tokens)
  for (let i = 0; i < tokens.length; i++) {
    const token: unknown = tokens[i]
    if (!Number.isInteger(token) || (token as number) < 0 || (token as number) > maskClass)
      throw new TokenRangeError(
        `Tokens need to be integers from 0 to ${maskClass} (the mask); given ${valueText(token)} at position ${i}.` +
          (typeof token === 'bigint' ? ' Convert them: Uint32Array.from(tokens, Number).' : ''),
      )
  }
  return Uint32Array.from(tokens)
}

/** Throws TokenRangeError unless all tokens are ordinary classes, 0 to K − 1. */
export function requireCleanTokens(name: string, tokens: ArrayLike<number>, numCodes: number): void {
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (token < 0 || token >= numCodes)
      throw new TokenRangeError(
        `${name} needs clean tokens, from 0 to ${numCodes - 1}; given ${token === numCodes ? 'the mask' : token} at position ${i}.`,
      )
  }
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
    throw new TimestepError(
      `A timestep needs to be an integer from 0 to ${numTrainTimesteps - 1}; given ${valueText(t)}.`,
    )
  if (!Number.isInteger(u) || u < -1 || u >= t)
    throw new TimestepError(
      `The previous timestep of ${t} needs to be an integer from −1 to ${t - 1}; given ${valueText(u)}.`,
    )
}

/** One value for all items, or one per item, as a list. Throws TimestepError if a list has another length. */
export function requirePerItem(name: string, value: number | readonly number[], batchSize: number): readonly number[] {
  if (typeof value === 'number') return new Array<number>(batchSize).fill(value)
  if (!Array.isArray(value) || value.length !== batchSize)
    throw new TimestepError(
      `${name} needs to be a number or one per batch item (${batchSize}); given ${valueText(value)}.`,
    )
  // A copy by Array.from has no holes, which `map` would skip.
  return Array.from<number>(value)
}

/** Throws OptionError unless 1 ≤ n ≤ T. */
export function requireStepCount(numInferenceSteps: number, numTrainTimesteps: number): void {
  requireInteger('The number of inference steps', numInferenceSteps, 1, numTrainTimesteps, 'num_train_timesteps')
}

/** A copy of the list. Throws OptionError unless it falls strictly within 0 … T − 1 and is not empty. */
export function requireTimestepList(timesteps: readonly number[], numTrainTimesteps: number): readonly number[] {
  // A copy by Array.from has no holes, which `every` would skip.
  const list = Array.isArray(timesteps) ? Array.from<number>(timesteps) : []
  const falls = list.every((t, i) => Number.isInteger(t) && t >= 0 && t < (i === 0 ? numTrainTimesteps : list[i - 1]!))
  if (!falls || list.length === 0)
    throw new OptionError(
      `A list of timesteps needs to fall strictly from at most ${numTrainTimesteps - 1} to at least 0; given ${valueText(timesteps)}.`,
    )
  return list
}

/** A copy of the interval. Throws OptionError unless it is two timesteps, the second not below the first. */
export function requireGuidanceInterval(
  name: string,
  interval: readonly [from: number, to: number],
  numTrainTimesteps = Infinity,
): readonly [from: number, to: number] {
  if (!Array.isArray(interval) || interval.length !== 2)
    throw new OptionError(`${name} needs to be a list of two timesteps, [from, to]; given ${valueText(interval)}.`)
  const [from, to] = interval
  requireInteger(`The first timestep of ${name}`, from, 0, numTrainTimesteps - 1)
  requireInteger(`The last timestep of ${name}`, to, from, numTrainTimesteps - 1)
  return [from, to]
}

/** Throws OptionError unless the options give exactly one of a count and a list, and a known spacing. */
export function requireTimestepOptions({ numInferenceSteps, timesteps, spacing }: TimestepOptions): void {
  requireEither('A chain', 'numInferenceSteps or timesteps', numInferenceSteps, timesteps)
  if (spacing !== undefined) requireOneOf('spacing', spacing, ['strided', 'leading'])
}

/** Throws OptionError unless the strength is 0, or from `least`, which draws a step, to 1. */
export function requireStrength(name: string, strength: number, least: number): void {
  requireNumber(name, strength, 0, 1)
  if (strength > 0 && strength < least)
    throw new OptionError(
      `${name} needs to be 0, which returns the image, or at least ${least}, which draws the last of the timesteps; ` +
        `given ${valueText(strength)}. More steps allow less.`,
    )
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
export function requireStepOptions<Options extends StepOptions<unknown, unknown>>(
  given: Options,
  names: Names<Options>,
): void {
  const options = requireOptions('step', given, names)
  const { generator, noise, truncationRate, predOriginalSample, known, diagnostics } = options
  requireEither('step', 'a generator or noise', generator, noise)
  if (generator !== undefined) requireGenerator('step', generator)
  requireDrawOptions(options)
  if (predOriginalSample !== undefined && typeof predOriginalSample !== 'object')
    requireBoolean('predOriginalSample', predOriginalSample)
  if (noise === undefined) return
  const needGenerator = { predOriginalSample, known, diagnostics, truncationRate: truncates(truncationRate) }
  for (const [name, wanted] of Object.entries(needGenerator))
    if (wanted)
      throw new OptionError(`${name} needs a generator: the draw with supplied noise is that of diffusers, without it.`)
}

/** Checks the options that the kernels of a step depend on. Throws OptionError. */
export function requireDrawOptions({
  layout,
  guidance,
  truncationRate,
  known,
  diagnostics,
}: StepOptions<unknown, unknown>): void {
  requireLayout(layout)
  requireTruncationRate(truncationRate)
  requireGuidance(guidance)
  if (known !== undefined) requireKnownTokens(known)
  if (diagnostics !== undefined && typeof diagnostics !== 'boolean')
    requireFields('diagnostics', diagnostics, { entropy: true, topProbability: true, counts: true }, 'true or ')
}

/** Throws OptionError unless these are tokens and their mask, whatever the two are. */
export function requireKnownTokens(known: KnownTokens<unknown>): void {
  requireFields('known', known, { tokens: true, mask: true })
}

/** Checks the options and the logits of `logPX0`; returns B and N. Throws OptionError, ShapeError, DtypeError. */
export function requireLogPX0(
  modelOutput: TensorLike,
  { layout = 'class-major', outputLayout, guidance, truncationRate, normalise, minimum }: LogPX0Options<unknown>,
  numCodes: number,
  dtypes: readonly string[],
): { batchSize: number; numPixels: number } {
  requireLayout(layout)
  requireLayout(outputLayout, 'outputLayout')
  requireGuidance(guidance)
  requireTruncationRate(truncationRate)
  if (normalise !== undefined) requireBoolean('normalise', normalise)
  // From 1e29 on, logits count as infinite.
  if (minimum !== undefined) requireNumber('minimum', minimum, -Infinity, 1e28)
  const { batchSize, numPixels } = requireRows('modelOutput', modelOutput, layout, numCodes, dtypes)
  if (guidance === undefined || guidance.unconditional !== undefined) return { batchSize, numPixels }
  if (batchSize % 2 !== 0)
    throw new ShapeError(`modelOutput needs two halves of items, the unconditional first; given ${batchSize} items.`)
  return { batchSize: batchSize / 2, numPixels }
}

/** Throws OptionError unless the layout is one of the two, or left out. */
export function requireLayout(layout: Layout | undefined, name = 'layout'): void {
  if (layout !== undefined) requireOneOf(name, layout, ['class-major', 'pixel-major'])
}

/** Throws OptionError unless the scale is valid, or guidance is left out. */
export function requireGuidance(guidance: Guidance<unknown> | undefined): void {
  if (guidance === undefined) return
  requireFields('guidance', guidance, { scale: true, unconditional: true })
  requireScale('guidance.scale', guidance.scale)
}

/** The largest factor of a logit. No product of the two is beyond float32 (docs/MATH.md#faults). */
export const largestFactor = 1e6

/** Throws OptionError unless the scale of guidance is a number from −10⁶ to 10⁶. */
export function requireScale(name: string, scale: number): void {
  requireNumber(name, scale, -largestFactor, largestFactor)
}

/** Throws OptionError unless the rate is a number, or left out. */
export function requireTruncationRate(truncationRate: number | undefined): void {
  if (truncationRate !== undefined) requireNumber('truncationRate', truncationRate)
}

/** Whether a truncation rate truncates anything. */
export function truncates(truncationRate: number | undefined): truncationRate is number {
  return truncationRate !== undefined && truncationRate < 1
}

/** Throws OptionError if there is no generator. */
export function requireGenerator(name: string, generator: unknown): asserts generator is RandomGenerator {
  if (generator === undefined) throw new OptionError(`${name} needs a generator; given none.`)
  for (const method of ['nextCounter', 'streams'])
    requireMethod('generator', generator, method, 'a RandomGenerator, such as new RandomGenerator(42)')
}

// Shapes

/** Number of elements of a shape. Throws ShapeError unless every dimension is a non-negative integer. */
export function elementCount(shape: readonly number[]): number {
  let count = Array.isArray(shape) ? 1 : -1
  for (let axis = 0; count >= 0 && axis < shape.length; axis++) {
    const dimension = shape[axis]!
    count = Number.isSafeInteger(dimension) && dimension >= 0 ? count * dimension : -1
  }
  if (!(count >= 0))
    throw new ShapeError(`A shape needs to be a list of non-negative integers; given ${valueText(shape)}.`)
  return count
}

/** [B, rows, N] for 'class-major', [B, N, rows] for 'pixel-major'. */
export function rowsShape(layout: Layout, batchSize: number, rows: number, numPixels: number): number[] {
  return layout === 'class-major' ? [batchSize, rows, numPixels] : [batchSize, numPixels, rows]
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis])
}

// Values by their JavaScript types: none is coerced, and null is no omission

/**
 * The options of a call; an empty object if they were left out. Throws OptionError unless they are an object, or if one
 * has a name that is not among `names`; a map, whose names are free, has none.
 */
export function requireOptions<T extends object>(name: string, options: T | undefined, names?: Names<NoInfer<T>>): T {
  if (options === undefined) return {} as T
  requireObject(`The last argument of ${name}`, options, 'an object of options')
  if (names) requireNames(name, options, names)
  return options
}

/** Throws OptionError if an option is given that the call does not have. */
export function requireNames(call: string, options: object, names: Readonly<Record<string, true>>): void {
  for (const name in options)
    if (names[name] !== true && (options as Record<string, unknown>)[name] !== undefined)
      throw unknownName(call, name, Object.keys(names))
}

/** Throws OptionError unless the value is an object of which all names are among `names`. */
export function requireFields<T extends object>(
  name: string,
  value: T,
  names: Names<NoInfer<T>>,
  alternative = '',
): asserts value is T & object {
  if (!isRecord(value)) requireObject(name, value, `${alternative}an object { ${Object.keys(names).join(', ')} }`)
  requireNames(name, value, names)
}

/** Throws OptionError unless the value is an object of named values: no list, array, date or promise. */
export function requireObject<T>(name: string, value: T, form = 'an object'): asserts value is T & object {
  if (!isRecord(value)) throw new OptionError(`${name} needs to be ${form}; given ${valueText(value)}.`)
}

function isRecord(value: unknown): value is object {
  if (kindOf(value) === 'Object') return true
  // Objects of the platform have a tag from their class; that of a module's namespace is its own.
  return typeof value === 'object' && value !== null && Object.hasOwn(value, Symbol.toStringTag)
}

/** Throws OptionError unless the value is a number from `minimum` to `maximum`. */
export function requireNumber(
  name: string,
  value: unknown,
  minimum = -Infinity,
  maximum = Infinity,
): asserts value is number {
  if (typeof value === 'number' && value >= minimum && value <= maximum) return
  const kind = maximum === Number.MAX_VALUE ? 'a finite number' : 'a number'
  throw new OptionError(`${name} needs to be ${kind}${rangeText(minimum, maximum)}; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is an integer from `minimum` to `maximum`; `limit` says what the maximum is. */
export function requireInteger(
  name: string,
  value: unknown,
  minimum: number,
  maximum = Infinity,
  limit = '',
): asserts value is number {
  if (Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum) return
  throw new OptionError(
    `${name} needs to be an integer${rangeText(minimum, maximum)}${limit && ` (${limit})`}; given ${valueText(value)}.`,
  )
}

function rangeText(minimum: number, maximum: number): string {
  if (maximum < Number.MAX_VALUE) return ` from ${minimum} to ${maximum}`
  return minimum > -Number.MAX_VALUE ? ` of at least ${minimum}` : ''
}

/** Throws OptionError unless the value is true or false. */
export function requireBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new OptionError(`${name} needs to be true or false; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is among those allowed. */
export function requireOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string))
    throw new OptionError(`${name} needs to be '${allowed.join("' or '")}'; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is a string. */
export function requireString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new OptionError(`${name} needs to be a string; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is a function; `form` says which. */
export function requireFunction(name: string, value: unknown, form = 'a function'): void {
  if (typeof value !== 'function') throw new OptionError(`${name} needs to be ${form}; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value has this method; `form` says which object does. */
export function requireMethod(name: string, value: unknown, method: string, form: string): void {
  if (typeof (value as Record<string, unknown> | null | undefined)?.[method] !== 'function')
    throw new OptionError(`${name} needs to be ${form}; given ${valueText(value)}.`)
}

/** Throws OptionError unless exactly one of two options is given. */
export function requireEither(name: string, choice: string, one: unknown, other: unknown): void {
  if ((one === undefined) === (other === undefined))
    throw new OptionError(`${name} needs either ${choice}; given ${one === undefined ? 'neither' : 'both'}.`)
}

/** Throws OptionError unless the value is an AbortSignal or left out. */
export function requireSignal(signal: unknown): void {
  if (signal !== undefined) requireMethod('signal', signal, 'throwIfAborted', 'an AbortSignal')
}

/** Throws OptionError unless the value is a GPUDevice. */
export function requireGpuDevice(name: string, device: unknown): void {
  requireMethod(name, device, 'createBuffer', 'a GPUDevice, such as `await requestDevice()`')
}
