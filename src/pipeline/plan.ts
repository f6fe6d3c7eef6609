import {
  requireArrayLike,
  requireBoolean,
  requireEither,
  requireFields,
  requireGenerator,
  requireGuidanceInterval,
  requireInteger,
  requireKnownTokens,
  requireObject,
  requirePixels,
  requireSample,
  requireScale,
  requireShape,
  requireSignal,
  requireTokens,
  requireTokensLike,
  requireTruncationRate,
  truncates,
} from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { Names } from '../option_names'
import type { KnownTokens } from '../options'
import { timestepList, timestepsBelow } from '../process/timesteps'
import { RandomGenerator } from '../random'
import { type Sampler, samplerOf } from '../samplers'
import { requirePriorWeight, requireTokensPerCall } from '../samplers/purity/purity'
import type { ChainScheduler, ChainTensor } from '../samplers/sampler'
import type { ChainOptions, ChainPosition, SampleOptions } from './options'
import { requirePreviewEvery } from './preview'

/** The checked options of a chain. */
export interface SamplePlan<Tensor> {
  readonly sampler: Sampler
  /** The timesteps that the whole chain visits. */
  readonly timesteps: readonly number[]
  /** Number of steps that are already done. */
  readonly firstStep: number
  readonly shape: readonly [batchSize: number, numLatentPixels: number]
  /** What the chain starts from without latents, image or position. */
  readonly start: 'noise' | 'mask'
  readonly generator: RandomGenerator
  readonly priorWeight: number
  readonly tokensPerCall: number | undefined
  /** The kind of each step, one for each timestep. There are at most two. */
  readonly kinds: readonly StepKind<Tensor>[]
}

/** What is the same at all guided steps of a chain, or at all others. */
export interface StepKind<Tensor> {
  readonly guided: boolean
  readonly options: {
    readonly truncationRate?: number
    readonly guidance?: { readonly scale: number }
    readonly known?: KnownTokens<Tensor>
  }
}

/** Names of the options of a chain. */
export const sampleNames = {
  conditioning: true,
  numInferenceSteps: true,
  timesteps: true,
  spacing: true,
  numLatentPixels: true,
  batchSize: true,
  latents: true,
  image: true,
  known: true,
  resume: true,
  method: true,
  priorWeight: true,
  tokensPerCall: true,
  guidanceScale: true,
  guidanceInterval: true,
  truncationRate: true,
  seed: true,
  generator: true,
  signal: true,
  previewEvery: true,
  predOriginalSample: true,
  diagnostics: true,
} satisfies Names<SampleOptions<undefined, unknown>>

/**
 * Checks the options and fills in defaults. Throws OptionError, ShapeError, DtypeError, TokenRangeError,
 * DeviceMismatchError, DestroyedError.
 */
export function planSample<Tensor extends ChainTensor>(
  options: ChainOptions<Tensor>,
  scheduler: ChainScheduler<Tensor>,
): SamplePlan<Tensor> {
  const numTrainTimesteps = scheduler.config.num_train_timesteps
  const { latents, image, known, resume, guidanceScale = 1, truncationRate = 1, priorWeight = 0 } = options
  const { guidanceInterval = [0, numTrainTimesteps - 1], tokensPerCall } = options
  if (latents !== undefined && image !== undefined)
    throw new OptionError('sample starts from latents or from an image; given both.')
  requireSignal(options.signal)
  requireScale('guidanceScale', guidanceScale)
  const [guidedFrom, guidedTo] = requireGuidanceInterval('guidanceInterval', guidanceInterval, numTrainTimesteps)
  requireTruncationRate(truncationRate)
  requirePriorWeight(priorWeight)
  if (tokensPerCall !== undefined) requireTokensPerCall(tokensPerCall)
  if (options.previewEvery !== undefined) requirePreviewEvery(options.previewEvery)
  for (const name of ['predOriginalSample', 'diagnostics'] as const)
    if (options[name] !== undefined) requireBoolean(name, options[name])
  const sampler = samplerOf(options.method)
  const given = { known, truncationRate: truncates(truncationRate), diagnostics: options.diagnostics, tokensPerCall }
  for (const name of sampler.unsupported)
    if (given[name]) throw new OptionError(`method '${options.method ?? 'posterior'}' does not support ${name}.`)
  const list = timestepList(options, numTrainTimesteps)
  if (image !== undefined) requireFields('image', image, { tokens: true, strength: true })
  const timesteps = image ? timestepsBelow('image.strength', image.strength, list, numTrainTimesteps) : list
  const firstStep = firstStepOf(resume, timesteps.length)
  const shape = shapeOf(options, scheduler)
  const generator = generatorOf(options)
  generator.streams(shape[0])
  if (resume !== undefined) requireTokens(resume.tokens, scheduler.config.num_vec_classes - 1)
  if (known !== undefined) {
    requireKnownTokens(known)
    for (const name of ['tokens', 'mask'] as const) {
      scheduler.assertTokens(`known.${name}`, known[name])
      requireTokensLike(`known.${name}`, known[name], { shape })
    }
  }
  const plain = {
    guided: false,
    options: { ...(truncates(truncationRate) && { truncationRate }), ...(known && { known }) },
  }
  const guided = { guided: true, options: { ...plain.options, guidance: { scale: guidanceScale } } }
  const isGuided = (t: number) => guidanceScale !== 1 && t >= guidedFrom && t <= guidedTo
  return {
    sampler,
    timesteps,
    firstStep,
    shape,
    start: options.spacing === 'leading' ? 'mask' : sampler.start,
    generator,
    priorWeight,
    tokensPerCall,
    kinds: timesteps.map((t) => (isGuided(t) ? guided : plain)),
  }
}

/** B and N: the given numbers, else those of the tokens that the chain starts from. */
function shapeOf<Tensor extends ChainTensor>(
  options: ChainOptions<Tensor>,
  scheduler: ChainScheduler<Tensor>,
): readonly [number, number] {
  const { latents, image, resume } = options
  const [name, tokens] = image ? (['image.tokens', image.tokens] as const) : (['latents', latents] as const)
  if (image !== undefined || latents !== undefined) requireStart(name, tokens!, resume, scheduler)
  const N = options.numLatentPixels === undefined ? tokens?.shape[1] : options.numLatentPixels
  if (N === undefined)
    throw new OptionError('sample needs numLatentPixels, unless latents or an image are given; given none.')
  requireInteger('numLatentPixels', N, 1)
  requirePixels(
    tokens === undefined || options.numLatentPixels !== undefined ? 'numLatentPixels' : name,
    N,
    scheduler.config.class_range?.length,
  )
  const items = tokens?.shape[0] ?? (resume ? Math.ceil(resume.tokens.length / N) : 1)
  const B = options.batchSize === undefined ? items : options.batchSize
  requireInteger('batchSize', B, 1)
  if (tokens) requireShape(name, tokens, [B, N], '[batch, latent pixels]')
  if (resume && resume.tokens.length !== B * N)
    throw new ShapeError(`resume needs ${B * N} tokens for [${B}, ${N}]; given ${resume.tokens.length}.`)
  return [B, N]
}

/** Checks the tokens that a chain starts from. A position replaces them, so that they may be of another device. */
function requireStart<Tensor extends ChainTensor>(
  name: string,
  tokens: Tensor,
  resume: ChainPosition | undefined,
  scheduler: ChainScheduler<Tensor>,
): void {
  if (resume === undefined) {
    scheduler.assertTokens(name, tokens)
  } else {
    requireObject(name, tokens, 'a tensor')
    requireSample(name, tokens)
  }
}

function firstStepOf(resume: ChainPosition | undefined, steps: number): number {
  if (resume === undefined) return 0
  requireFields('resume', resume, { step: true, tokens: true, random: true })
  requireArrayLike('The tokens of resume', resume.tokens)
  requireInteger('resume.step', resume.step, 0, steps, 'the number of steps')
  return resume.step
}

function generatorOf({ seed, generator, resume }: ChainOptions<unknown>): RandomGenerator {
  if (resume === undefined) requireEither('sample', 'a seed or a generator', seed, generator)
  if (generator !== undefined) requireGenerator('sample', generator)
  const given = seed === undefined ? generator : new RandomGenerator(seed)
  return resume === undefined ? given! : RandomGenerator.fromState(resume.random)
}
