import type { VQDiffusionSchedulerConfig } from './config'
import { ModelOutputError, OptionError } from './errors'
import { PreviewClock } from './preview'
import { RandomGenerator } from './random'
import { stridedTimesteps } from './schedule'
import type { Layout, StepOptions, VQDiffusionSchedulerOutput } from './step_options'

/** What the loop asks of a tensor; GpuTensor and CpuTensor both are one. */
export interface ChainTensor {
  read(): Promise<ArrayLike<number>>
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
  initialSample(shape: readonly [number, number], options: { generator: RandomGenerator }): NoInfer<Tensor>
  step(
    modelOutput: NoInfer<Tensor>,
    timestep: number,
    sample: NoInfer<Tensor>,
    options: StepOptions<NoInfer<Tensor>, NoInfer<Tensor>> & { faults: NoInfer<Tensor> },
  ): VQDiffusionSchedulerOutput<NoInfer<Tensor>>
  /** Resolves when steps with these options need no more compiling. */
  prepare(options: { guidance?: { scale: number }; truncationRate?: number }): Promise<void>
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

/** The network: raw logits f32 [B or 2B, …] in the pipeline's layout, for a sample. */
export type Denoiser<Tensor, Conditioning> = (input: DenoiserInput<Tensor, Conditioning>) => Promise<Tensor> | Tensor

/** From tokens u32 [B, N] to whatever the application shows. */
export type Decoder<Tensor, Image> = (tokens: Tensor) => Promise<Image>

export interface SampleOptions<Conditioning> {
  readonly numLatentPixels: number
  readonly numInferenceSteps: number
  /** 1 by default. */
  readonly batchSize?: number
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
}

export interface SampleProgress<Tensor, Image> {
  /** 0 to numInferenceSteps − 1. */
  readonly step: number
  readonly timestep: number
  /** The tokens after this step, u32 [B, N]; valid until the next iteration. After the last step they are the caller's. */
  readonly sample: Tensor
  /** The drawn x₀ of a step with a preview, u32 [B, N]; valid until the next such step. */
  readonly predOriginalSample?: Tensor
  /** The decoded preview, under way; the loop does not wait for it. */
  readonly preview?: Promise<Image>
  /** What the last step took: network and engine, without the time the consumer took. */
  readonly stepMilliseconds: number
}

/** The sampling loop: scheduler, network and decoder together. Several chains may run at a time. */
export class VQDiffusionPipeline<Tensor extends ChainTensor, Conditioning = unknown, Image = never> {
  readonly #scheduler: ChainScheduler<Tensor>
  readonly #denoiser: Denoiser<Tensor, Conditioning>
  readonly #decoder: Decoder<Tensor, Image> | undefined
  readonly #layout: Layout

  /** @param components `layout` is that of the denoiser's logits, 'class-major' by default */
  constructor(components: {
    scheduler: ChainScheduler<Tensor>
    denoiser: Denoiser<NoInfer<Tensor>, Conditioning>
    decoder?: Decoder<NoInfer<Tensor>, Image>
    layout?: Layout
  }) {
    this.#scheduler = components.scheduler
    this.#denoiser = components.denoiser
    this.#decoder = components.decoder
    this.#layout = components.layout ?? 'class-major'
  }

  /**
   * Draws a batch of token grids by the exact strided chain, one iteration a step.
   *
   * Throws OptionError, ShapeError before any work; the signal's reason when aborted; ModelOutputError, instead of
   * the last iteration, if the network gave logits from which nothing can be drawn.
   */
  async *sample(options: SampleOptions<Conditioning>): AsyncGenerator<SampleProgress<Tensor, Image>, void, void> {
    const { numLatentPixels, numInferenceSteps, batchSize = 1, guidanceScale = 1, truncationRate = 1 } = options
    const { conditioning, signal } = options
    const scheduler = this.#scheduler
    const timesteps = stridedTimesteps(numInferenceSteps, scheduler.config.num_train_timesteps)
    if (!Number.isFinite(guidanceScale))
      throw new OptionError(`guidanceScale needs to be a finite number; given ${guidanceScale}.`)
    const guided = guidanceScale !== 1
    const generator = generatorOf(options)
    const previews = new PreviewClock(options.previewEvery ?? (this.#decoder ? 'auto' : 0))
    if (Number.isNaN(truncationRate)) throw new OptionError('truncationRate needs to be a number; given NaN.')
    const guidance = guided ? { guidance: { scale: guidanceScale } } : {}
    signal?.throwIfAborted()
    await scheduler.prepare({ ...guidance, truncationRate })

    const shape = [batchSize, numLatentPixels] as const
    let sample = scheduler.initialSample(shape, { generator })
    let spare = scheduler.emptyTokens(shape)
    const x0 = scheduler.emptyTokens(shape)
    const faults = scheduler.emptyTokens([2])
    let completed = false
    let finished = Promise.resolve()
    try {
      for (const [step, timestep] of timesteps.entries()) {
        const begun = performance.now()
        const last = step === timesteps.length - 1
        const modelOutput = await this.#denoiser({ sample, timestep, guided, conditioning, signal })
        signal?.throwIfAborted()
        const preview = !last && previews.due(step)
        scheduler.step(modelOutput, timestep, sample, {
          generator,
          layout: this.#layout,
          previousTimestep: timesteps[step + 1] ?? -1,
          out: spare,
          faults,
          truncationRate,
          ...guidance,
          ...(preview && { predOriginalSample: x0 }),
        })
        ;[sample, spare] = [spare, sample]
        // The step before has to be done before another is begun: one is always under way, and never a long queue
        // that an abort would have to wait for.
        await finished
        finished = scheduler.finished()
        if (last) {
          await requireNoFaults(faults)
          completed = true
        }
        const stepMilliseconds = performance.now() - begun
        previews.stepTook(stepMilliseconds)
        yield {
          ...{ step, timestep, sample, stepMilliseconds },
          ...(preview && { predOriginalSample: x0 }),
          ...(preview && this.#decoder && { preview: previews.time(this.#decoder(x0), finished) }),
        }
        signal?.throwIfAborted()
      }
    } finally {
      // A preview under way still reads x₀.
      await previews.pending
      for (const tensor of [spare, x0, faults]) tensor.destroy()
      if (!completed) sample.destroy()
    }
  }
}

function generatorOf({ seed, generator }: Pick<SampleOptions<unknown>, 'seed' | 'generator'>): RandomGenerator {
  if ((seed === undefined) === (generator === undefined))
    throw new OptionError(`sample needs either a seed or a generator; given ${generator ? 'both' : 'neither'}.`)
  return generator ?? new RandomGenerator(seed!)
}

async function requireNoFaults(faults: ChainTensor): Promise<void> {
  const [invalidColumns = 0, impossibleTokens = 0] = Array.from(await faults.read())
  if (invalidColumns + impossibleTokens > 0) throw new ModelOutputError(invalidColumns, impossibleTokens)
}
