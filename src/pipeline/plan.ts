import {
  requireEither,
  requireGuidance,
  requireSample,
  requireShape,
  requireStrength,
  requireTokensLike,
  requireTruncationRate,
  truncates,
} from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { KnownTokens } from '../options'
import { timestepList, timestepsBelow } from '../process/timesteps'
import { RandomGenerator } from '../random'
import { type Sampler, samplerOf } from '../samplers'
import { requirePurityOptions } from '../samplers/purity/purity'
import type { ChainTensor } from '../samplers/sampler'
import type { ChainOptions } from './options'

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
  readonly guided: boolean
  readonly generator: RandomGenerator
  readonly priorWeight: number
  /** The options that all steps share. */
  readonly stepOptions: {
    readonly truncationRate?: number
    readonly guidance?: { readonly scale: number }
    readonly known?: KnownTokens<Tensor>
  }
}

/** Checks the options and fills in defaults. Throws OptionError, ShapeError, DtypeError. */
export function planSample<Tensor extends ChainTensor>(
  options: ChainOptions<Tensor>,
  numTrainTimesteps: number,
): SamplePlan<Tensor> {
  const { latents, image, known, resume, guidanceScale = 1, truncationRate = 1 } = options
  if (latents && image) throw new OptionError('sample starts from latents or from an image; given both.')
  const guidance = { scale: guidanceScale }
  requireGuidance(guidance, 'guidanceScale')
  requireTruncationRate(truncationRate)
  const sampler = samplerOf(options.method)
  const { priorWeight } = requirePurityOptions(
    options.priorWeight === undefined ? {} : { priorWeight: options.priorWeight },
  )
  const given = { known, truncationRate: truncates(truncationRate), diagnostics: options.diagnostics }
  for (const name of sampler.unsupported)
    if (given[name]) throw new OptionError(`method '${options.method}' does not support ${name}.`)
  const list = timestepList(options, numTrainTimesteps)
  if (image) requireStrength('image.strength', image.strength)
  const timesteps = image ? timestepsBelow(image.strength, list, numTrainTimesteps) : list
  const shape = shapeOf(options)
  const firstStep = firstStepOf(resume, timesteps.length)
  const generator = generatorOf(options)
  generator.streams(shape[0])
  if (known)
    for (const name of ['tokens', 'mask'] as const)
      requireTokensLike(`known.${name}`, known[name], { shape, dtype: 'u32' })
  return {
    sampler,
    timesteps,
    firstStep,
    shape,
    start: options.spacing === 'leading' ? 'mask' : sampler.start,
    guided: guidanceScale !== 1,
    generator,
    priorWeight,
    stepOptions: {
      ...(truncates(truncationRate) && { truncationRate }),
      ...(guidanceScale !== 1 && { guidance }),
      ...(known && { known }),
    },
  }
}

function shapeOf({
  latents,
  image,
  resume,
  batchSize,
  numLatentPixels,
}: ChainOptions<ChainTensor>): readonly [number, number] {
  const given = latents ?? image?.tokens
  const N = numLatentPixels ?? given?.shape[1]
  if (N === undefined)
    throw new OptionError('sample needs numLatentPixels, unless latents or an image are given; given none.')
  const B = batchSize ?? given?.shape[0] ?? (resume ? resume.tokens.length / N : 1)
  if (given) {
    const name = latents ? 'latents' : 'image.tokens'
    requireSample(name, given)
    requireShape(name, given, [B, N], '[batch, latent pixels]')
  }
  if (resume && resume.tokens.length !== B * N)
    throw new ShapeError(`resume needs ${B * N} tokens for [${B}, ${N}]; given ${resume.tokens.length}.`)
  return [B, N]
}

function firstStepOf(resume: { step: number } | undefined, steps: number): number {
  if (!resume) return 0
  if (!Number.isInteger(resume.step) || resume.step < 0 || resume.step > steps)
    throw new OptionError(
      `resume.step needs to be an integer from 0 to ${steps}, the number of steps; given ${resume.step}.`,
    )
  return resume.step
}

function generatorOf({ seed, generator, resume }: ChainOptions<unknown>): RandomGenerator {
  if (resume) return RandomGenerator.fromState(resume.random)
  requireEither('sample', 'a seed or a generator', seed, generator)
  return generator ?? new RandomGenerator(seed!)
}
