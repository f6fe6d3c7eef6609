import { DtypeError, OptionError, ShapeError } from './errors'
import type { RandomGenerator } from './random'

/** Order of the logits' axes: [B, K, N] as in diffusers, or [B, N, K] as a linear head gives it. */
export type Layout = 'class-major' | 'pixel-major'

/** What both engines' tensors have in common. */
export interface TensorLike {
  readonly shape: readonly number[]
  readonly dtype: string
}

/** Classifier-free guidance: ℓ = ℓᵤ + scale · (ℓ_c − ℓᵤ). */
export interface Guidance<Tensor> {
  readonly scale: number
  /** Logits without the condition; if left out, `modelOutput` holds 2B items, the unconditional half first. */
  readonly unconditional?: Tensor
}

/** Tokens that are given and are not to be drawn. */
export interface KnownTokens<Sample> {
  /** Clean tokens, u32 [B, N]. */
  readonly tokens: Sample
  /** Not 0 where the token is known, u32 [B, N]. */
  readonly mask: Sample
}

/** Options of `step` that both engines have; exactly one of `generator` and `noise` is needed. */
export interface StepOptions<Tensor, Sample> {
  /** Draws from the exact posterior, reading only the columns that matter. */
  readonly generator?: RandomGenerator
  /**
   * Uniforms f32 in [0, 1], laid out like the logits with C rows, or K rows if the previous timestep is −1: the
   * reference-identical draw.
   */
  readonly noise?: Tensor
  /** Layout of the logits and the noise; 'class-major' by default. */
  readonly layout?: Layout
  readonly guidance?: Guidance<Tensor>
  /**
   * Draw from the most probable classes only, those ranked below this cumulative probability, the one that crosses it
   * included; at least one. 1 or more, the default, keeps all; 0 or less is greedy (SEMANTICS 10).
   */
  readonly truncationRate?: number
  /** Where to go, one number or one per item; −1 is clean data. Default: the entry of `timesteps` after `timestep`. */
  readonly previousTimestep?: number | readonly number[]
  /** Known pixels are drawn from q(x_u | x₀), whatever the logits say; at u = −1 they are the known tokens. */
  readonly known?: KnownTokens<Sample>
  /** Also give the drawn x₀ of every token, in a new tensor or the one given. Reads every column; changes no result. */
  readonly predOriginalSample?: boolean | Sample
  /**
   * Also tell what the step did, in new tensors or the ones given (`emptyDiagnostics` makes such): reads every column once
   * more; costs nothing when off, the default. Changes no result.
   */
  readonly diagnostics?: boolean | StepDiagnostics<Sample>
  /** Where to write the result, u32 [B, N]; a new tensor by default. */
  readonly out?: Sample
}

/** Options of `purityStep` that both engines have. */
export interface PurityOptions<Tensor, Sample>
  extends Pick<StepOptions<Tensor, Sample>, 'layout' | 'guidance' | 'previousTimestep' | 'out'> {
  readonly generator: RandomGenerator
  /** r: a token of purity π draws from p^(1 + r·π); 0 by default. */
  readonly priorWeight?: number
  /** Whether tokens are chosen by their purity, the default, or all alike (prior rules 2 and 1 of the original). */
  readonly byPurity?: boolean
}

/** What a step did; asked for with `diagnostics`. */
export interface StepDiagnostics<Tensor> {
  /** Entropy of p(x₀) in nats, guided if the step is, before truncation, f32 [B, N]; 0 for a worthless column. */
  readonly entropy: Tensor
  /** The highest probability of p(x₀), f32 [B, N]; 0 for a worthless column. */
  readonly topProbability: Tensor
  /** [tokens changed, columns of logits read for the draw], u32 [2]. */
  readonly counts: Tensor
}

/** What `step` returns at once. */
export interface VQDiffusionSchedulerOutput<Sample> {
  /** If it was asked for; in the tensors given, or in new ones that the caller owns. */
  readonly diagnostics?: StepDiagnostics<Sample>
  /** x_u, u32 [B, N]. */
  readonly prevSample: Sample
  /** The drawn x₀, u32 [B, N], if it was asked for. */
  readonly predOriginalSample?: Sample
}

/** What steps counted since it was last asked. */
export interface Faults {
  /** Latent pixels whose logits held NaN or +∞, or were −∞ for every class. */
  readonly invalidColumns: number
  /** Latent pixels whose token was no class, or a mask that the schedule never makes. */
  readonly impossibleTokens: number
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

/** Throws ShapeError unless the tensor has this shape. */
export function requireShape(name: string, tensor: TensorLike, shape: readonly number[], meaning: string): void {
  if (tensor.shape.length !== shape.length || shape.some((dimension, axis) => tensor.shape[axis] !== dimension))
    throw new ShapeError(`${name} needs the shape ${meaning} = ${shapeText(shape)}; given ${shapeText(tensor.shape)}.`)
}

/** Throws DtypeError unless the tensor's dtype is among those allowed. */
export function requireDtype(name: string, tensor: TensorLike, allowed: readonly string[]): void {
  if (!allowed.includes(tensor.dtype))
    throw new DtypeError(`${name} needs the dtype ${allowed.join(' or ')}; given ${tensor.dtype}.`)
}

/** Throws ShapeError or DtypeError unless this is a sample [B, N]; returns both sizes. */
export function requireSample(name: string, tensor: TensorLike): { batchSize: number; numPixels: number } {
  requireDtype(name, tensor, ['u32', 'i32'])
  const [batchSize, numPixels, ...rest] = tensor.shape
  if (batchSize === undefined || numPixels === undefined || rest.length > 0)
    throw new ShapeError(`${name} needs two axes [batch, latent pixels]; given ${shapeText(tensor.shape)}.`)
  return { batchSize, numPixels }
}

/** Throws ShapeError unless the tensor holds `rows` classes for B items of N pixels in this layout. */
export function requireColumns(
  name: string,
  tensor: TensorLike,
  layout: Layout,
  [batchSize, rows, numPixels]: readonly [number, number, number],
): void {
  if (layout === 'class-major') requireShape(name, tensor, [batchSize, rows, numPixels], '[batch, classes, pixels]')
  else requireShape(name, tensor, [batchSize, numPixels, rows], '[batch, pixels, classes]')
}

/** Throws OptionError unless the value is among those allowed. */
export function requireOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string))
    throw new OptionError(`${name} needs to be '${allowed.join("' or '")}'; given ${JSON.stringify(value)}.`)
}

/** Throws OptionError unless the prior weight is a number of at least 0, and the others are usable. */
export function requirePurityOptions({
  priorWeight = 0,
  byPurity = true,
  layout,
  guidance,
}: Partial<Omit<PurityOptions<unknown, unknown>, 'generator'>>) {
  requireLayout(layout)
  requireGuidance(guidance)
  if (!(priorWeight >= 0 && priorWeight < Infinity))
    throw new OptionError(`priorWeight needs to be a number of at least 0; given ${priorWeight}.`)
  return { priorWeight, byPurity }
}

/** Whether all items of a batch end in clean data. Throws OptionError if only some do. */
export function requireSameEnd(steps: readonly { u: number }[]): boolean {
  const ending = steps.filter(({ u }) => u === -1).length
  if (ending !== 0 && ending !== steps.length)
    throw new OptionError('Here all items of a batch need to end in clean data (−1), or none.')
  return ending > 0
}

/** Whether a truncation rate truncates anything. */
export function truncates(truncationRate: number | undefined): truncationRate is number {
  return truncationRate !== undefined && truncationRate < 1
}

/** Throws OptionError unless exactly one source of randomness is given and the options go together. */
export function requireStepOptions(options: StepOptions<unknown, unknown>): void {
  const { generator, noise, layout, guidance, truncationRate, predOriginalSample, known, diagnostics } = options
  requireEither('step', 'a generator or noise', generator, noise)
  requireLayout(layout)
  requireTruncationRate(truncationRate)
  requireGuidance(guidance)
  if (!noise) return
  const bySeed = { predOriginalSample, known, diagnostics, truncationRate: truncates(truncationRate) }
  for (const [name, wanted] of Object.entries(bySeed))
    if (wanted)
      throw new OptionError(
        `${name} needs a generator: the draw with supplied noise is the reference's, which has none.`,
      )
}

/** Throws OptionError unless the rate is a number, or left out. */
export function requireTruncationRate(truncationRate: number | undefined): void {
  if (Number.isNaN(truncationRate)) throw new OptionError('truncationRate needs to be a number; given NaN.')
}

/** Throws OptionError if there is no generator. */
export function requireGenerator(name: string, generator: RandomGenerator | undefined): asserts generator {
  if (!generator) throw new OptionError(`${name} needs a generator; given none.`)
}

/** Throws OptionError unless exactly one of two is given. */
export function requireEither(name: string, choice: string, one: unknown, other: unknown): void {
  if ((one === undefined) === (other === undefined))
    throw new OptionError(`${name} needs either ${choice}; given ${one === undefined ? 'neither' : 'both'}.`)
}

/** Throws OptionError unless this is one of the two layouts, or left out. */
export function requireLayout(layout: Layout | undefined): void {
  if (layout !== undefined) requireOneOf('layout', layout, ['class-major', 'pixel-major'])
}

/** Throws OptionError unless the scale is finite, or guidance is left out. */
export function requireGuidance(guidance: Guidance<unknown> | undefined, name = 'guidance.scale'): void {
  if (guidance && !Number.isFinite(guidance.scale))
    throw new OptionError(`${name} needs to be a finite number; given ${guidance.scale}.`)
}

/**
 * Checks supplied uniforms: C rows, or K rows for steps that end in clean data; returns which. Throws OptionError if
 * the items of the batch mix both.
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
