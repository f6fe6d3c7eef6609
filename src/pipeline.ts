import { ModelOutputError, OptionError } from './errors'
import { PreviewClock } from './preview'
import { RandomGenerator } from './random'
import {
  type ChainScheduler,
  type ChainTensor,
  type Decoder,
  type Denoiser,
  planSample,
  type SampleOptions,
  type SamplePlan,
  type SampleProgress,
} from './sample_options'
import { type Layout, requireLayout, type StepOptions } from './step_options'

/** The sampling loop: scheduler, network and decoder together. Several chains may run at a time. */
export class VQDiffusionPipeline<Tensor extends ChainTensor, Conditioning = unknown, Image = never> {
  readonly #scheduler: ChainScheduler<Tensor>
  readonly #denoiser: Denoiser<Tensor, Conditioning>
  readonly #decoder: Decoder<Tensor, Image> | undefined
  readonly #layout: Layout

  /** @param components `layout` is that of the denoiser's logits, 'class-major' by default. Throws OptionError. */
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
    requireLayout(this.#layout)
  }

  /**
   * Draws a batch of token grids, one iteration a step.
   *
   * Throws OptionError, ShapeError, DtypeError before any work; the signal's reason when aborted; ModelOutputError,
   * instead of the last iteration, if the network gave logits from which nothing can be drawn, or tokens that were given
   * are no classes.
   */
  async *sample(
    options: SampleOptions<Conditioning, Tensor>,
  ): AsyncGenerator<SampleProgress<Tensor, Image>, void, void> {
    const scheduler = this.#scheduler
    const { conditioning, signal, method } = options
    const plan = planSample(options, scheduler.config)
    const { timesteps, shape, guided, generator, stepOptions } = plan
    const previews = new PreviewClock(options.previewEvery ?? (this.#decoder ? 'auto' : 0))
    signal?.throwIfAborted()
    if (timesteps.length === 0) {
      yield { step: 0, timestep: -1, sample: options.image!.tokens.clone() as Tensor, stepMilliseconds: 0 }
      return
    }
    await scheduler.prepare({ ...stepOptions, diagnostics: options.diagnostics, layout: this.#layout })

    const faults = scheduler.emptyTokens([2])
    let sample = this.#start(options, plan, faults)
    let spare = scheduler.emptyTokens(shape)
    let x0 = scheduler.emptyTokens(shape)
    let previewedX0 = scheduler.emptyTokens(shape)
    const diagnostics = options.diagnostics ? scheduler.emptyDiagnostics(shape) : undefined
    const countedAlready = scheduler.emptyTokens([2])
    const owned = [x0, previewedX0, faults, countedAlready, ...Object.values(diagnostics ?? {})]
    let completed = false
    let finished = Promise.resolve()
    try {
      for (const [step, timestep] of timesteps.entries()) {
        const begun = performance.now()
        const last = step === timesteps.length - 1
        const modelOutput = await this.#denoiser({ sample, timestep, guided, conditioning, signal })
        signal?.throwIfAborted()
        const preview = !last && previews.due(step)
        // A preview under way still reads the x₀ that it shows; there is never more than one.
        if (preview) [x0, previewedX0] = [previewedX0, x0]
        const givenX0 = preview ? previewedX0 : options.predOriginalSample ? x0 : undefined
        const purely = method === 'purity' && !last
        // A step that gives x₀ reads every column: where columns are counted, or x₀ is not drawn at all, it has a draw to itself.
        const apart = purely || diagnostics !== undefined
        const common = { ...stepOptions, generator, layout: this.#layout, out: spare, faults }
        if (givenX0 && apart)
          this.#endWithThisStep(modelOutput, timestep, sample, { ...common, out: givenX0, faults: countedAlready })
        const previousTimestep = timesteps[step + 1] ?? -1
        if (purely) {
          const { priorWeight = 0 } = options
          scheduler.purityStep(modelOutput, timestep, sample, { ...common, previousTimestep, priorWeight })
        } else {
          scheduler.step(modelOutput, timestep, sample, {
            ...{ ...common, previousTimestep },
            ...(givenX0 && !apart && { predOriginalSample: givenX0 }),
            ...(diagnostics && { diagnostics }),
          })
        }
        ;[sample, spare] = [spare, sample]
        // The step before has to be done before another is begun: one is always under way, and never a long queue
        // that an abort would have to wait for.
        await finished
        finished = scheduler.finished()
        // It is awaited an iteration later, if one comes: a device that is lost before must not reject unheard.
        finished.catch(() => {})
        if (last) {
          await requireNoFaults(faults)
          completed = true
        }
        const stepMilliseconds = performance.now() - begun
        previews.stepTook(stepMilliseconds)
        yield {
          ...{ step, timestep, sample, stepMilliseconds },
          ...(givenX0 && { predOriginalSample: givenX0 }),
          ...(diagnostics && { diagnostics }),
          ...(preview && this.#decoder && { preview: previews.time(this.#decoder(previewedX0), finished) }),
        }
        signal?.throwIfAborted()
      }
    } finally {
      // A preview under way still reads x₀.
      await previews.pending
      for (const tensor of [spare, ...owned]) tensor.destroy()
      if (!completed) sample.destroy()
    }
  }

  /**
   * Draws to the end and returns the clean tokens, u32 [B, N], which the caller owns. `callback` is called after every
   * `callbackSteps`-th step, as diffusers' is. Rejects as `sample` throws.
   */
  async generate({
    callback,
    callbackSteps = 1,
    ...options
  }: SampleOptions<Conditioning, Tensor> & {
    readonly callback?: (progress: SampleProgress<Tensor, Image>) => void
    readonly callbackSteps?: number
  }): Promise<Tensor> {
    if (!Number.isInteger(callbackSteps) || callbackSteps < 1)
      throw new OptionError(`callbackSteps needs to be a positive integer; given ${callbackSteps}.`)
    let tokens: Tensor | undefined
    try {
      for await (const progress of this.sample({ previewEvery: 0, ...options })) {
        tokens = progress.sample
        if (progress.step % callbackSteps === 0) callback?.(progress)
      }
    } catch (error) {
      tokens?.destroy()
      throw error
    }
    return tokens!
  }

  /** Writes to `out` what the chain would end in if this step were its last; the chain goes on as if nothing had been drawn. */
  #endWithThisStep(
    modelOutput: Tensor,
    timestep: number,
    sample: Tensor,
    options: StepOptions<Tensor, Tensor> & { generator: RandomGenerator; faults: Tensor; out: Tensor },
  ): void {
    const generator = RandomGenerator.fromState(options.generator.state)
    this.#scheduler.step(modelOutput, timestep, sample, { ...options, generator, previousTimestep: -1 })
  }

  #start({ latents, image, method }: SampleOptions<unknown, Tensor>, plan: SamplePlan<Tensor>, faults: Tensor): Tensor {
    const { generator, shape, timesteps } = plan
    if (latents) return latents.clone() as Tensor
    if (image) return this.#scheduler.addNoise(image.tokens, timesteps[0]!, { generator, faults })
    return this.#scheduler.initialSample(shape, { generator, start: method === 'purity' ? 'mask' : 'noise' })
  }
}

async function requireNoFaults(faults: ChainTensor): Promise<void> {
  const [invalidColumns = 0, impossibleTokens = 0] = Array.from(await faults.read())
  if (invalidColumns + impossibleTokens > 0) throw new ModelOutputError(invalidColumns, impossibleTokens)
}
