import { type ConfigOverrides, overrideConfig, type VQDiffusionSchedulerOptions } from './config'
import { fetchJson, modelFile, type PretrainedOptions } from './fetch'
import { asGpuTensor } from './interop'
import type { KernelVariant } from './kernels'
import { ReferenceOperators } from './operators'
import { Purity, type PurityRule } from './purity'
import { purityQuota } from './purity_quota'
import { RandomGenerator } from './random'
import { Reference } from './reference'
import { initialMaskProbability, posteriorCoefficients } from './schedule'
import { Step } from './step'
import { type LogitsTensor, logitsSource, requireDiagnostics, requireKnown, requireOutput } from './step_inputs'
import {
  type Layout,
  type PurityOptions,
  requireGenerator,
  requireNoise,
  requireOneOf,
  requirePurityOptions,
  requireSameEnd,
  requireSample,
  requireShape,
  requireStepOptions,
  type StepDiagnostics,
  type StepOptions,
  truncates,
  type VQDiffusionSchedulerOutput,
} from './step_options'
import { elementCount, GpuTensor } from './tensor'
import { forwardThresholds, threshold } from './thresholds'

export interface GpuPurityOptions extends PurityOptions<LogitsTensor, GpuTensor> {
  readonly faults?: GpuTensor
}

export interface GpuStepOptions extends StepOptions<LogitsTensor, GpuTensor> {
  /**
   * Record into this command encoder instead of submitting: the caller does. Such a step makes buffers of its own, since
   * others may run before it is submitted.
   */
  readonly encoder?: GPUCommandEncoder
  /** Where this step counts what it could not use, u32 [2]; the scheduler's own counters by default. */
  readonly faults?: GpuTensor
}

/**
 * The scheduler of VQ-Diffusion on a GPU: twin of diffusers' VQDiffusionScheduler.
 *
 * Samples are u32 [B, N] (i32 is read alike), logits f32 [B, K, N] or [B, N, K]. All work is enqueued on the device's
 * queue and results stay on the GPU. The scheduler never hands out a buffer of its own.
 */
export class VQDiffusionScheduler extends ReferenceOperators {
  readonly #step: Step
  readonly #purity: Purity

  private constructor(device: GPUDevice, options: VQDiffusionSchedulerOptions) {
    super(device, options)
    this.#step = this.own(new Step(this.kernels, this.numCodes))
    this.#purity = this.own(new Purity(this.kernels, this.#step, this.numCodes))
  }

  /** Makes a scheduler and compiles the pipelines of a plain step, for both layouts. Rejects with ConfigError or ShaderError. */
  static async create(device: GPUDevice, options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    const scheduler = new VQDiffusionScheduler(device, options)
    await Promise.all([
      scheduler.kernels.compile([scheduler.#initialVariant]),
      scheduler.prepare({ layout: 'class-major' }),
      scheduler.prepare({ layout: 'pixel-major' }),
    ])
    return scheduler
  }

  /** `create` from the content of a `scheduler_config.json`; overrides win. Rejects with ConfigError. */
  static async fromConfig(
    device: GPUDevice,
    json: unknown,
    overrides: ConfigOverrides = {},
  ): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(device, overrideConfig(json, overrides))
  }

  /**
   * `create` from a model folder on the web, as diffusers lays it out; overrides win. Rejects with FetchError or
   * ConfigError.
   */
  static async fromPretrained(
    device: GPUDevice,
    url: string | URL,
    { subfolder = 'scheduler', signal, ...overrides }: PretrainedOptions = {},
  ): Promise<VQDiffusionScheduler> {
    const json = await fetchJson(modelFile(url, subfolder, 'scheduler_config.json'), signal)
    return VQDiffusionScheduler.fromConfig(device, json, overrides)
  }

  /**
   * Compiles the pipelines of `step` with these options ahead of its first use, for f32 logits; others are compiled when
   * they are first used. Rejects with ShaderError.
   */
  prepare(options: Partial<GpuStepOptions>): Promise<void> {
    const { guidance, truncationRate, known, diagnostics, layout = 'class-major' } = options
    const features = {
      GUIDED: guidance !== undefined,
      TRUNCATED: truncates(truncationRate),
      KNOWN: known !== undefined,
    }
    const kinds = diagnostics ? [false, true] : [false]
    return this.kernels.compile(kinds.flatMap((COUNTED) => this.#step.variants({ ...features, COUNTED }, layout)))
  }

  /**
   * The fully noised start of a chain, a new tensor u32 [B, N]: the mask with probability c̄/(c̄ + K·b̄) of the last
   * timestep, else a uniform class; with `start: 'mask'` the reference's start. Throws ShapeError, OptionError.
   */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    { generator, start = 'noise' }: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): GpuTensor<'u32'> {
    this.assertUsable()
    requireShape('initialSample', { shape, dtype: 'u32' }, shape.slice(0, 2), '[batch, latent pixels]')
    const [batchSize, numPixels] = shape
    const tokens = elementCount(shape)
    requireOneOf('start', start, ['noise', 'mask'])
    if (start === 'mask') return this.uploadTokens(new Uint32Array(tokens).fill(this.maskClass), shape)
    requireGenerator('initialSample', generator)
    const streams = generator.streams(batchSize)
    const sample = GpuTensor.empty(this.device, shape, 'u32', 'vqd/sample')
    const counter = generator.nextCounter()
    const { parameters } = this
    parameters.begin(4 + 4 * batchSize)
    parameters.u32(tokens, numPixels, counter, threshold(initialMaskProbability(this.schedule)))
    for (const { seedLow, seedHigh, item } of streams) parameters.u32(seedLow, seedHigh, item, 0)
    this.submitElements(this.#initialVariant, tokens, [sample.buffer])
    return sample
  }

  /**
   * Enqueues one reverse step x_t → x_u and returns at once.
   *
   * @param modelOutput raw logits or log-probabilities of x₀, f32 [B, K, N] or [B, N, K] by `layout`; 2B items, the
   *   unconditional half first, for guidance without `unconditional`
   * @param timestep t, one number or one per item
   * @param sample x_t, u32 or i32 [B, N]
   * @returns x_u; the caller owns the tensors that it did not give itself
   * @throws ShapeError, DtypeError, TimestepError, OptionError, DeviceMismatchError, DestroyedError, DeviceLostError,
   *   before anything is enqueued and before the generator advances
   */
  step(
    modelOutput: LogitsTensor,
    timestep: number | readonly number[],
    sample: GpuTensor,
    options: GpuStepOptions,
  ): VQDiffusionSchedulerOutput<GpuTensor> {
    this.assertUsable()
    requireStepOptions(options)
    const { generator, predOriginalSample } = options
    const x = asGpuTensor(this.device, 'sample', sample)
    const { batchSize, numPixels } = requireSample('sample', x)
    const steps = this.resolveTimesteps(timestep, options.previousTimestep, batchSize)
    const logits = logitsSource(this.device, modelOutput, options, [batchSize, this.numCodes, numPixels])
    const noise = options.noise && asGpuTensor(this.device, 'noise', options.noise)
    const rows = noise && requireNoise(noise, logits.layout, steps, [batchSize, this.numCodes, numPixels])
    const streams = generator?.streams(batchSize) ?? []
    const known = options.known && requireKnown(this.device, options.known, x.shape)
    const faults = this.faultsOf(options.faults)
    const used = [x, logits.conditional, logits.unconditional, noise, known?.tokens, known?.mask, faults]
    if (options.out) requireOutput(this.device, 'out', options.out, used, x.shape)
    const givenX0 = typeof predOriginalSample === 'object' ? predOriginalSample : undefined
    if (givenX0) requireOutput(this.device, 'predOriginalSample', givenX0, [...used, options.out], x.shape)
    const given = typeof options.diagnostics === 'object' ? options.diagnostics : undefined
    if (given) requireDiagnostics(this.device, given, [...used, options.out, givenX0], x.shape)

    const prevSample = options.out ?? GpuTensor.empty(this.device, x.shape, 'u32', 'vqd/sample')
    const x0 =
      givenX0 ?? (predOriginalSample ? GpuTensor.empty(this.device, x.shape, 'u32', 'vqd/sample/x_0') : undefined)
    const diagnostics = given ?? (options.diagnostics ? this.emptyDiagnostics(x.shape) : undefined)
    const { step, reference } = options.encoder ? this.#workspace() : { step: this.#step, reference: this.reference }
    const record = (encoder: GPUCommandEncoder) => {
      if (noise && rows) {
        const coefficients = steps.map(({ t, u }) => posteriorCoefficients(this.schedule, t, u))
        reference.encodeDraw(encoder, {
          logits,
          sample: x,
          noise,
          output: prevSample,
          faults,
          rows,
          numPixels,
          coefficients,
        })
      } else {
        step.encode(encoder, {
          logits,
          sample: x,
          prevSample,
          predOriginalSample: x0,
          faults,
          known,
          diagnostics,
          batchSize,
          numPixels,
          streams,
          forward: known ? steps.map(({ u }) => forwardThresholds(this.schedule, u)) : [],
          truncationRate: truncates(options.truncationRate) ? options.truncationRate : undefined,
          counter: generator!.nextCounter(),
          thresholds: steps.map((step) => this.thresholds(step)),
        })
      }
    }
    if (options.encoder) record(options.encoder)
    else this.submit('vqd/step', record)
    return { prevSample, ...(x0 && { predOriginalSample: x0 }), ...(diagnostics && { diagnostics }) }
  }

  /**
   * One step of purity-prior sampling (Tang et al. 2022; SEMANTICS 15): reveals as many masked tokens as the schedule
   * expects to be unmasked at u, chosen without replacement by their purity, and revises none. Guidance goes with it,
   * truncation does not. A step to clean data (u = −1) is the plain one. Throws as `step` does.
   */
  purityStep(
    modelOutput: LogitsTensor,
    timestep: number | readonly number[],
    sample: GpuTensor,
    options: GpuPurityOptions,
  ): VQDiffusionSchedulerOutput<GpuTensor> {
    this.assertUsable()
    const { generator, previousTimestep, out } = options
    requireGenerator('purityStep', generator)
    const rule = requirePurityOptions(options)
    const x = asGpuTensor(this.device, 'sample', sample)
    const { batchSize, numPixels } = requireSample('sample', x)
    const steps = this.resolveTimesteps(timestep, previousTimestep, batchSize)
    if (requireSameEnd(steps)) return this.step(modelOutput, timestep, sample, options)
    const logits = logitsSource(this.device, modelOutput, options, [batchSize, this.numCodes, numPixels])
    const streams = generator.streams(batchSize)
    const faults = this.faultsOf(options.faults)
    if (out) requireOutput(this.device, 'out', out, [x, logits.conditional, logits.unconditional, faults], x.shape)
    const prevSample = out ?? this.emptyTokens(x.shape)
    const counter = generator.nextCounter()
    const call = { logits, sample: x, prevSample, faults, batchSize, numPixels, counter, streams }
    this.submit('vqd/purity', (encoder) =>
      this.#purity.encodeStep(
        encoder,
        { ...call, ...rule, revealedAfter: steps.map(({ u }) => purityQuota(this.schedule, u, numPixels)) },
        { ...call, thresholds: steps.map((step) => this.thresholds(step)), forward: [] },
      ),
    )
    return { prevSample }
  }

  /**
   * What purity-prior sampling makes of log p(x₀) [B, K, N]: `logProb` f32 [B, C, N], sharpened by each token's purity,
   * and `selectionWeight` f32 [B, N], the purity of the masked tokens and 0 for the others.
   */
  purityPrior(
    logPX0: LogitsTensor,
    xT: GpuTensor,
    { layout = 'class-major', ...options }: { layout?: Layout } & Partial<PurityRule> = {},
  ): { logProb: GpuTensor<'f32'>; selectionWeight: GpuTensor<'f32'> } {
    this.assertUsable()
    const rule = requirePurityOptions(options)
    const x = asGpuTensor(this.device, 'xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const logits = logitsSource(this.device, logPX0, { layout }, [batchSize, this.numCodes, numPixels])
    const logProb = this.emptyRows(layout, batchSize, this.numEmbed, numPixels, 'vqd/log_prob')
    const selectionWeight = GpuTensor.empty(this.device, x.shape, 'f32', 'vqd/selection_weight')
    const unchanged = this.emptyTokens(x.shape)
    const streams = new RandomGenerator(0).streams(batchSize) // nothing is revealed
    const call = { logits, sample: x, prevSample: unchanged, faults: this.faults, numPixels, counter: 0, streams }
    this.submit('vqd/purity', (encoder) =>
      this.#purity.encodePrior(
        encoder,
        { ...call, ...rule, revealedAfter: streams.map(() => 0) },
        logProb,
        selectionWeight,
      ),
    )
    unchanged.destroy()
    return { logProb, selectionWeight }
  }

  /** New tensors for `diagnostics` of a sample of this shape [B, N]; the caller owns them. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<GpuTensor> {
    this.assertUsable()
    const perToken = () => GpuTensor.empty(this.device, shape, 'f32', 'vqd/diagnostics')
    return { entropy: perToken(), topProbability: perToken(), counts: this.emptyTokens([2]) }
  }

  /** Buffers for one step that is submitted later; they go when nobody refers to them any more. */
  #workspace(): { step: Step; reference: Reference } {
    return { step: new Step(this.kernels, this.numCodes), reference: new Reference(this.kernels, this.numCodes) }
  }

  get #initialVariant(): KernelVariant {
    return { name: 'initial_sample', constants: { NUM_CODES: this.numCodes } }
  }
}
