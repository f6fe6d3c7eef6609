import type { VQDiffusionSchedulerConfig } from './config'
import { OptionError } from './errors'
import { RandomGenerator } from './random'
import { requireTimestepList, stridedTimesteps } from './schedule'
import {
  type KnownTokens,
  type Layout,
  type PurityOptions,
  requireEither,
  requireGuidance,
  requireOneOf,
  requirePurityOptions,
  requireSample,
  requireShape,
  requireTruncationRate,
  type StepDiagnostics,
  type StepOptions,
  truncates,
  type VQDiffusionSchedulerOutput,
} from './step_options'

/** What the loop asks of a tensor; GpuTensor and CpuTensor both are one. */
export interface ChainTensor {
  readonly shape: readonly number[]
  readonly dtype: string
  read(): Promise<ArrayLike<number>>
  clone(): ChainTensor
  destroy(): void
}

/**
 * What the loop asks of a scheduler; the GPU scheduler and its CPU twin both are one. The tensor type is inferred from
 * `emptyTokens` alone.
 */
export interface ChainScheduler<Tensor extends ChainTensor> {
  readonly config: VQDiffusionSchedulerConfig
  /** A new tensor of zeros, u32. */
  emptyTokens(shape: readonly number[]): Tensor
  /** New tensors for the diagnostics of a sample of this shape [B, N]. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<NoInfer<Tensor>>
  initialSample(
    shape: readonly [number, number],
    options: { generator: RandomGenerator; start?: 'noise' | 'mask' },
  ): NoInfer<Tensor>
  addNoise(
    x0: NoInfer<Tensor>,
    timestep: number,
    options: { generator: RandomGenerator; faults?: NoInfer<Tensor> },
  ): NoInfer<Tensor>
  step(
    modelOutput: NoInfer<Tensor>,
    timestep: number,
    sample: NoInfer<Tensor>,
    options: StepOptions<NoInfer<Tensor>, NoInfer<Tensor>> & { faults: NoInfer<Tensor> },
  ): VQDiffusionSchedulerOutput<NoInfer<Tensor>>
  purityStep(
    modelOutput: NoInfer<Tensor>,
    timestep: number,
    sample: NoInfer<Tensor>,
    options: PurityOptions<NoInfer<Tensor>, NoInfer<Tensor>> & { faults: NoInfer<Tensor> },
  ): VQDiffusionSchedulerOutput<NoInfer<Tensor>>
  /** Resolves when `step` with these options, on f32 logits, needs no more compiling. */
  prepare(options: {
    guidance?: { scale: number }
    truncationRate?: number
    known?: KnownTokens<NoInfer<Tensor>>
    diagnostics?: boolean | undefined
    layout: Layout
  }): Promise<void>
  /** Resolves when what was enqueued so far has run. */
  finished(): Promise<void>
}

export interface DenoiserInput<Tensor, Conditioning> {
  /** x_t, u32 [B, N]. */
  readonly sample: Tensor
  readonly timestep: number
  /** Whether logits of 2B items are wanted, the unconditional half first, or of B items. */
  readonly guided: boolean
  /** What `sample` was given, as it is. */
  readonly conditioning: Conditioning
  readonly signal: AbortSignal | undefined
}

/**
 * The network: raw logits f32 [B or 2B, …] in the pipeline's layout, for a sample. One that computes on the calling
 * thread should let a task pass in between, or an abort is seen too late; those of `/onnx` do.
 */
export type Denoiser<Tensor, Conditioning> = (input: DenoiserInput<Tensor, Conditioning>) => Promise<Tensor> | Tensor

/** From tokens u32 [B, N] to whatever the application shows. */
export type Decoder<Tensor, Image> = (tokens: Tensor) => Promise<Image>

export interface SampleOptions<Conditioning, Tensor> {
  /** N; needed unless `latents` or `image` tells. */
  readonly numLatentPixels?: number
  /** Steps of the exact strided list, 1 to T; instead of `timesteps`. */
  readonly numInferenceSteps?: number
  /** A falling list of timesteps; each step goes to the next, the last to clean data. */
  readonly timesteps?: readonly number[]
  /** B; 1 by default, or that of `latents` or `image`. */
  readonly batchSize?: number
  /** Tokens to start from, u32 [B, N], as noisy as the first timestep; the fully noised law by default. */
  readonly latents?: Tensor
  /**
   * A picture to start from, clean tokens u32 [B, N]: noised to the first timestep at or below strength·T − 1, and
   * drawn on from there. Strength 0 gives the picture back, 1 forgets it.
   */
  readonly image?: { readonly tokens: Tensor; readonly strength: number }
  /** Tokens that are given: noised like the rest on the way, themselves in the end (inpainting). */
  readonly known?: KnownTokens<Tensor>
  /**
   * 'posterior', the default, samples the model's chain. 'purity' reveals the surest tokens first, starts from the mask
   * and revises nothing but in the last step (Improved VQ-Diffusion).
   */
  readonly method?: 'posterior' | 'purity'
  /** With 'purity': how much a token's purity sharpens its prediction; 0 by default. */
  readonly priorWeight?: number
  /** Classifier-free guidance; 1, the default, asks the network for the conditional half alone. */
  readonly guidanceScale?: number
  /** Draw from the most probable classes only; see `StepOptions`. 1, the default, keeps all. */
  readonly truncationRate?: number
  /** One seed, or one per batch item. */
  readonly seed?: number | bigint | readonly (number | bigint)[]
  /** Instead of `seed`: a generator to go on with. */
  readonly generator?: RandomGenerator
  readonly conditioning: Conditioning
  readonly signal?: AbortSignal
  /**
   * Previews of x₀: every n-th step, 0 for none (then no column is read for one), or 'auto', the default with a
   * decoder: as often as costs at most a quarter of the time, by the measured time of a decoding.
   */
  readonly previewEvery?: number | 'auto'
  /**
   * Give the drawn x₀ of every token at every step, decoded or not: what the chain would end in if this step were its last.
   * That reads every column; no token changes.
   */
  readonly predOriginalSample?: boolean
  /**
   * Tell at every step what it did; see `StepOptions`. No token changes. The columns counted are those that the step itself
   * needed, even if x₀ is asked for as well. Does not go with 'purity'.
   */
  readonly diagnostics?: boolean
}

export interface SampleProgress<Tensor, Image> {
  /** 0, 1, … */
  readonly step: number
  /** −1 if there was nothing to do: a picture at strength 0. */
  readonly timestep: number
  /** The tokens after this step, u32 [B, N]; valid until the next iteration. After the last step they are the caller's. */
  readonly sample: Tensor
  /** The x₀ that this step drew, u32 [B, N], if it was asked for or has a preview; valid until the next iteration. */
  readonly predOriginalSample?: Tensor
  /** What this step did, if it was asked for; the tensors are valid until the next iteration. */
  readonly diagnostics?: StepDiagnostics<Tensor>
  /** The decoded preview, under way; the loop does not wait for it. */
  readonly preview?: Promise<Image>
  /** What the last step took: network and engine, without the time the consumer took. */
  readonly stepMilliseconds: number
}

/** What `sample` will do, checked. */
export interface SamplePlan<Tensor> {
  readonly timesteps: readonly number[]
  readonly shape: readonly [batchSize: number, numLatentPixels: number]
  readonly guided: boolean
  readonly generator: RandomGenerator
  /** Options that all steps share. */
  readonly stepOptions: {
    readonly truncationRate?: number
    readonly guidance?: { readonly scale: number }
    readonly known?: KnownTokens<Tensor>
  }
}

/** Checks options and fills in defaults. Throws OptionError, ShapeError, DtypeError. */
export function planSample<Tensor extends ChainTensor>(
  options: SampleOptions<unknown, Tensor>,
  { num_train_timesteps: T }: VQDiffusionSchedulerConfig,
): SamplePlan<Tensor> {
  const { latents, image, known, method = 'posterior', guidanceScale = 1, truncationRate = 1 } = options
  if (latents && image) throw new OptionError('sample starts from latents or from an image; given both.')
  const guidance = { scale: guidanceScale }
  requireGuidance(guidance, 'guidanceScale')
  requireTruncationRate(truncationRate)
  requireOneOf('method', method, ['posterior', 'purity'])
  requirePurityOptions({ priorWeight: options.priorWeight })
  if (method === 'purity' && (known || truncates(truncationRate) || options.diagnostics))
    throw new OptionError("method 'purity' goes neither with known tokens nor with truncation nor with diagnostics.")
  const timesteps = timestepsOf(options, T)
  const shape = shapeOf(options)
  const generator = generatorOf(options)
  generator.streams(shape[0])
  if (known) for (const name of ['tokens', 'mask'] as const) requireTokens(`known.${name}`, known[name], shape)
  return {
    timesteps: image ? timesteps.filter((t) => t <= requireStrength(image.strength) * T - 1) : timesteps,
    shape,
    guided: guidanceScale !== 1,
    generator,
    stepOptions: {
      ...(truncates(truncationRate) && { truncationRate }),
      ...(guidanceScale !== 1 && { guidance }),
      ...(known && { known }),
    },
  }
}

function timestepsOf({ numInferenceSteps, timesteps }: SampleOptions<unknown, unknown>, T: number): readonly number[] {
  requireEither('sample', 'numInferenceSteps or timesteps', numInferenceSteps, timesteps)
  return timesteps ? requireTimestepList(timesteps, T) : stridedTimesteps(numInferenceSteps!, T)
}

function shapeOf({
  latents,
  image,
  batchSize,
  numLatentPixels,
}: SampleOptions<unknown, ChainTensor>): readonly [number, number] {
  const given = latents ?? image?.tokens
  const B = batchSize ?? given?.shape[0] ?? 1
  const N = numLatentPixels ?? given?.shape[1]
  if (N === undefined)
    throw new OptionError('sample needs numLatentPixels, unless latents or an image tell; given none.')
  if (given) requireTokens(latents ? 'latents' : 'image.tokens', given, [B, N])
  return [B, N]
}

function requireTokens(name: string, tokens: ChainTensor, shape: readonly number[]): void {
  requireSample(name, tokens)
  requireShape(name, tokens, shape, '[batch, latent pixels]')
}

function requireStrength(strength: number): number {
  if (!(strength >= 0 && strength <= 1))
    throw new OptionError(`image.strength needs to be a number from 0 to 1; given ${strength}.`)
  return strength
}

function generatorOf({ seed, generator }: SampleOptions<unknown, unknown>): RandomGenerator {
  requireEither('sample', 'a seed or a generator', seed, generator)
  return generator ?? new RandomGenerator(seed!)
}
