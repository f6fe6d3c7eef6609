import { requireFunction, requireInteger, requireOptions } from '../checks'
import { ModelOutputError } from '../errors'
import type { Layout, StepOptions } from '../options'
import type { TimestepPair } from '../process/process'
import { createSchedule } from '../process/schedule'
import { RandomGenerator } from '../random'
import { samplers } from '../samplers'
import { callsOfSteps } from '../samplers/purity/purity'
import type { AnyScheduler, ChainScheduler, ChainTensor, TensorOf } from '../samplers/sampler'
import { requireComponents } from './components'
import { layoutOf } from './layout'
import type { ChainOptions, ChainPosition, Decoder, Denoiser, SampleOptions, SampleProgress } from './options'
import { planSample, type SamplePlan, sampleNames } from './plan'
import { type DecodingTime, PreviewClock } from './preview'

/**
 * The sampling loop over a scheduler, a network and, for previews, a decoder. The loop of diffusers'
 * VQDiffusionPipeline (docs/MATH.md#pipeline). Several chains may run at the same time.
 */
export class VQDiffusionPipeline<
  Scheduler extends AnyScheduler,
  Conditioning = unknown,
  Image = never,
  Tensor extends ChainTensor = TensorOf<Scheduler>,
> {
  readonly #scheduler: ChainScheduler<Tensor>
  readonly #denoiser: Denoiser<Tensor, Conditioning>
  readonly #decoder: Decoder<Tensor, Image> | undefined
  readonly #layout: Layout | undefined
  readonly #decoding: DecodingTime = {}

  /**
   * @param components.layout of the denoiser's logits; only needed if there are as many classes as latent pixels, since
   *   their shape tells it otherwise
   * @throws OptionError
   */
  constructor(components: {
    scheduler: Scheduler
    denoiser: Denoiser<NoInfer<Tensor>, Conditioning>
    decoder?: Decoder<NoInfer<Tensor>, Image>
    layout?: Layout
  }) {
    requireComponents(components)
    this.#scheduler = components.scheduler
    this.#denoiser = components.denoiser
    this.#decoder = components.decoder
    this.#layout = components.layout
  }

  /**
   * Draws a batch of token grids, one iteration a step.
   *
   * Throws OptionError, ShapeError, DtypeError before any work, and the signal's reason when aborted. Throws
   * ModelOutputError instead of the last iteration if nothing could be drawn from some logits, if given tokens were no
   * classes, or if masks are left at the end; WebGPUError if WebGPU refused work of the chain.
   */
  async *sample(
    options: SampleOptions<Conditioning, Tensor>,
  ): AsyncGenerator<SampleProgress<Tensor, Image>, void, void> {
    const scheduler = this.#scheduler
    options = requireOptions<object>('sample', options, sampleNames) as typeof options
    const { signal, previewEvery = this.#decoder ? 'auto' : 0 } = options
    const { conditioning } = options as { conditioning: Conditioning }
    const plan = planSample(options, scheduler)
    const { sampler, timesteps, firstStep, shape, generator, priorWeight, tokensPerCall, kinds } = plan
    const previews = new PreviewClock(previewEvery, this.#decoding)
    signal?.throwIfAborted()
    const owned: Tensor[] = []
    const own = (tensor: Tensor) => {
      owned.push(tensor)
      return tensor
    }
    let result: Tensor | undefined
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    try {
      const faults = own(scheduler.emptyTokens([2]))
      let sample = own(this.#start(options, plan, faults))
      if (firstStep === timesteps.length) {
        await this.#requireResult(sample, faults)
        result = sample
        yield { step: firstStep, timestep: -1, sample, random: generator.state, stepMilliseconds: 0 }
        return
      }

      let spare = own(scheduler.emptyTokens(shape))
      let x0 = own(scheduler.emptyTokens(shape))
      let previewedX0 = own(scheduler.emptyTokens(shape))
      const countedAlready = own(scheduler.emptyTokens([2]))
      const diagnostics = options.diagnostics ? scheduler.emptyDiagnostics(shape) : undefined
      owned.push(...Object.values(diagnostics ?? {}))
      let layout: Layout | undefined
      let finished = Promise.resolve()
      const steps = sampler.steps(timesteps)
      const calls = await this.#calls(plan, steps, sample)
      for (let step = firstStep; step < timesteps.length; step++) {
        const begun = performance.now()
        const timestep = timesteps[step]!
        const last = step === timesteps.length - 1
        const { guided, options: stepOptions } = kinds[step]!
        const stepSampler = last ? samplers.posterior : sampler
        const { t, u } = steps[step]!
        let preview = false
        let givenX0: Tensor | undefined
        for (let left = calls?.[step - firstStep] ?? 1; left > 0; left--) {
          const asked = this.#denoiser({ sample, timestep, guided, conditioning, signal, ended })
          const modelOutput = (await asked) as Tensor
          signal?.throwIfAborted()
          layout ??= await this.#prepare(modelOutput, plan, options.diagnostics)
          if (left === 1) {
            preview = !last && previews.due(step)
            // A running preview still reads the x₀ that it shows. There is never more than one.
            if (preview) [x0, previewedX0] = [previewedX0, x0]
            givenX0 = preview ? previewedX0 : options.predOriginalSample ? x0 : undefined
          }
          const common = { ...stepOptions, generator, layout, out: spare, faults }
          if (givenX0 && !stepSampler.drawsX0)
            this.#drawX0(modelOutput, timestep, sample, { ...common, out: givenX0, faults: countedAlready })
          stepSampler.step(scheduler, {
            modelOutput,
            timestep: t,
            sample,
            priorWeight,
            tokensPerCall,
            options: {
              ...common,
              previousTimestep: u,
              ...(givenX0 && stepSampler.drawsX0 && { predOriginalSample: givenX0 }),
              ...(diagnostics && { diagnostics }),
            },
          })
          ;[sample, spare] = [spare, sample]
          // Wait for the previous step: one step is always running, and an abort never waits for a long queue.
          await finished
          finished = scheduler.finished()
          // Awaited one iteration later, if there is one. Until then a lost device must not be an unhandled rejection.
          finished.catch(() => {})
        }
        if (last) {
          await this.#requireResult(sample, faults)
          result = sample
        }
        const stepMilliseconds = performance.now() - begun
        previews.stepTook(stepMilliseconds)
        yield {
          step,
          timestep,
          sample,
          random: generator.state,
          stepMilliseconds,
          ...(givenX0 && { predOriginalSample: givenX0 }),
          ...(diagnostics && { diagnostics }),
          ...(preview && this.#decoder && { preview: previews.time(this.#decoder(previewedX0), finished) }),
        }
        signal?.throwIfAborted()
      }
    } finally {
      // A running preview still reads x₀.
      await previews.pending
      for (const tensor of owned) if (tensor !== result) tensor.destroy()
      end()
    }
  }

  /**
   * Draws to the end and returns the clean tokens, u32 [B, N], which belong to the caller. `callback` is called after
   * every `callbackSteps`-th step, as in diffusers, and the chain waits for what it returns. Rejects as `sample` throws,
   * and with what the callback throws or rejects with.
   */
  async generate(
    options: SampleOptions<Conditioning, Tensor> & {
      readonly callback?: (progress: SampleProgress<Tensor, Image>) => unknown
      readonly callbackSteps?: number
    },
  ): Promise<Tensor> {
    const names = { ...sampleNames, callback: true, callbackSteps: true }
    const given = requireOptions<object>('generate', options, names) as typeof options
    const { callback, callbackSteps = 1, ...chain } = given
    requireInteger('callbackSteps', callbackSteps, 1)
    if (callback !== undefined) requireFunction('callback', callback)
    let tokens: Tensor | undefined
    try {
      for await (const progress of this.sample({ previewEvery: 0, ...chain } as typeof options)) {
        tokens = progress.sample
        if (progress.step % callbackSteps === 0) await callback?.(progress)
      }
    } catch (error) {
      tokens?.destroy()
      throw error
    }
    return tokens!
  }

  /**
   * The position from which `sample` with these options begins: the fully noised start, the latents or the noised
   * image. `sample(options)` and `sample({ ...options, resume: await start(options) })` draw the same tokens. Throws
   * OptionError, ShapeError, DtypeError; rejects with ModelOutputError if tokens of the image are no classes.
   */
  async start(options: SampleOptions<Conditioning, Tensor>): Promise<ChainPosition> {
    options = requireOptions<object>('start', options, sampleNames) as typeof options
    const plan = planSample(options, this.#scheduler)
    const faults = this.#scheduler.emptyTokens([2])
    let sample: Tensor | undefined
    try {
      sample = this.#start(options, plan, faults)
      const [tokens] = await Promise.all([sample.read(), requireNoFaults(faults)])
      return { step: plan.firstStep, tokens, random: plan.generator.state }
    } finally {
      sample?.destroy()
      faults.destroy()
    }
  }

  /**
   * Compiles the steps of a chain, guided ones and others, now that its first logits tell their layout, and returns that.
   */
  async #prepare(modelOutput: Tensor, plan: SamplePlan<Tensor>, diagnostics = false): Promise<Layout> {
    const kinds = plan.kinds.slice(plan.firstStep)
    const [batchSize, numPixels] = plan.shape
    const numCodes = this.#scheduler.config.num_vec_classes - 1
    const layout =
      this.#layout ?? layoutOf(modelOutput, [kinds[0]!.guided ? 2 * batchSize : batchSize, numCodes, numPixels])
    await Promise.all(
      [...new Set(kinds)].map(({ options }) => this.#scheduler.prepare({ ...options, diagnostics, layout })),
    )
    return layout
  }

  /** How often the network is called at each of the remaining steps; undefined if always once. Reads the start. */
  async #calls(
    { tokensPerCall, shape: [batchSize, numPixels], firstStep }: SamplePlan<Tensor>,
    steps: readonly TimestepPair[],
    start: Tensor,
  ): Promise<number[] | undefined> {
    if (tokensPerCall === undefined) return undefined
    const { config } = this.#scheduler
    const tokens = Array.from(await start.read())
    const revealed = Array.from({ length: batchSize }, (_, item) => {
      const ofItem = tokens.slice(item * numPixels, (item + 1) * numPixels)
      return ofItem.filter((token) => token >>> 0 < config.num_vec_classes - 1).length
    })
    return callsOfSteps(createSchedule(config), steps.slice(firstStep), revealed, numPixels, tokensPerCall)
  }

  /** Writes to `out` the tokens of a step to clean data. The generator does not advance. */
  #drawX0(
    modelOutput: Tensor,
    timestep: number,
    sample: Tensor,
    options: StepOptions<Tensor, Tensor> & { generator: RandomGenerator; faults: Tensor; out: Tensor },
  ): void {
    const generator = RandomGenerator.fromState(options.generator.state)
    this.#scheduler.step(modelOutput, timestep, sample, { ...options, generator, previousTimestep: -1 })
  }

  /** Throws ModelOutputError unless the steps met no invalid input and the chain ended with clean tokens. */
  async #requireResult(sample: Tensor, faults: Tensor): Promise<void> {
    const maskClass = this.#scheduler.config.num_vec_classes - 1
    const [tokens] = await Promise.all([sample.read(), requireNoFaults(faults)])
    const unclean = Array.from(tokens).filter((token) => token < 0 || token >= maskClass)
    const masks = unclean.filter((token) => token === maskClass).length
    if (unclean.length > 0) throw new ModelOutputError(0, unclean.length - masks, masks)
  }

  #start(
    { latents, image, resume }: ChainOptions<Tensor>,
    { generator, shape, start, timesteps }: SamplePlan<Tensor>,
    faults: Tensor,
  ): Tensor {
    const scheduler = this.#scheduler
    if (resume) return scheduler.uploadTokens(resume.tokens, shape)
    if (latents) return latents.clone() as Tensor
    if (!image) return scheduler.initialSample(shape, { generator, start })
    const first = timesteps[0]
    return first === undefined
      ? (image.tokens.clone() as Tensor)
      : scheduler.addNoise(image.tokens, first, { generator, faults })
  }
}

async function requireNoFaults(faults: ChainTensor): Promise<void> {
  const [invalidColumns = 0, impossibleTokens = 0] = Array.from(await faults.read())
  if (invalidColumns + impossibleTokens > 0) throw new ModelOutputError(invalidColumns, impossibleTokens)
}
