import type { VQDiffusionSchedulerOptions } from './config'
import { dispose } from './dispose'
import { DestroyedError, DeviceLostError, OptionError } from './errors'
import { fetchJson, modelFile } from './fetch'
import { asGpuTensor } from './interop'
import { Kernels, type KernelVariant, workgroupsFor } from './kernels'
import { ParameterBuffer } from './parameters'
import type { RandomGenerator } from './random'
import { Reference } from './reference'
import { initialMaskProbability, posteriorCoefficients } from './schedule'
import { SchedulerBase } from './scheduler_base'
import { Step } from './step'
import { type LogitsTensor, logitsSource, requireOutputs } from './step_inputs'
import {
  type Faults,
  type Layout,
  requireDtype,
  requireNoise,
  requireSample,
  requireShape,
  requireStepOptions,
  type StepOptions,
  truncates,
  type VQDiffusionSchedulerOutput,
} from './step_options'
import { elementCount, GpuTensor } from './tensor'
import { threshold } from './thresholds'

export interface GpuStepOptions extends StepOptions<LogitsTensor, GpuTensor> {
  /** Where this step counts what it could not use, u32 [2]; the scheduler's own counters by default. */
  readonly faults?: GpuTensor
}

/**
 * The scheduler of VQ-Diffusion on a GPU: twin of diffusers' VQDiffusionScheduler.
 *
 * Samples are u32 [B, N] (i32 is read alike), logits f32 [B, K, N] or [B, N, K]. All work is enqueued on the device's
 * queue and results stay on the GPU. The scheduler never hands out a buffer of its own.
 */
export class VQDiffusionScheduler extends SchedulerBase {
  readonly #kernels: Kernels
  readonly #step: Step
  readonly #reference: Reference
  readonly #initial: ParameterBuffer
  readonly #faults: GpuTensor<'u32'>
  #lost: GPUDeviceLostInfo | undefined
  #destroyed = false

  private constructor(
    readonly device: GPUDevice,
    options: VQDiffusionSchedulerOptions,
  ) {
    super(options)
    this.#kernels = new Kernels(device)
    this.#step = new Step(this.#kernels, this.numCodes)
    this.#reference = new Reference(this.#kernels, this.numCodes)
    this.#initial = new ParameterBuffer(device, 'vqd/initial_sample/parameters')
    this.#faults = GpuTensor.empty(device, [2], 'u32', 'vqd/scheduler/faults')
    device.lost.then((info) => {
      this.#lost = info
    })
  }

  /** Makes a scheduler and compiles the pipelines of a plain step. Rejects with ConfigError or ShaderError. */
  static async create(device: GPUDevice, options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    const scheduler = new VQDiffusionScheduler(device, options)
    await scheduler.#kernels.compile([scheduler.initialVariant])
    await scheduler.prepare({})
    return scheduler
  }

  /** `create` from the content of a `scheduler_config.json`. Rejects with ConfigError. */
  static fromConfig(device: GPUDevice, json: unknown): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(device, json as VQDiffusionSchedulerOptions)
  }

  /** `create` from a model folder on the web, as diffusers lays it out. Rejects with FetchError or ConfigError. */
  static async fromPretrained(
    device: GPUDevice,
    url: string | URL,
    { subfolder = 'scheduler', signal }: { subfolder?: string; signal?: AbortSignal } = {},
  ): Promise<VQDiffusionScheduler> {
    const json = await fetchJson(modelFile(url, subfolder, 'scheduler_config.json'), signal)
    return VQDiffusionScheduler.fromConfig(device, json)
  }

  /** Compiles the pipelines of a step with these options ahead of its first use. Rejects with ShaderError. */
  prepare({ guidance, truncationRate }: Pick<GpuStepOptions, 'guidance' | 'truncationRate'>): Promise<void> {
    const features = { guided: guidance !== undefined, truncated: truncates(truncationRate) }
    return this.#kernels.compile(this.#step.variants(features))
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
    if (start === 'mask') return this.uploadTokens(new Uint32Array(tokens).fill(this.maskClass), shape)
    if (!generator) throw new OptionError("initialSample needs a generator, or start: 'mask'; given neither.")
    const streams = generator.streams(batchSize)
    const sample = GpuTensor.empty(this.device, shape, 'u32', 'vqd/sample')
    const counter = generator.nextCounter()
    if (tokens === 0) return sample
    const parameters = this.#initial
    parameters.begin(4 + 4 * batchSize)
    parameters.u32(tokens, numPixels, counter, threshold(initialMaskProbability(this.schedule)))
    for (const { seedLow, seedHigh, item } of streams) parameters.u32(seedLow, seedHigh, item, 0)
    const uploaded = parameters.upload()
    this.submit('vqd/initial_sample', (encoder) => {
      const pass = encoder.beginComputePass({ label: 'vqd/initial_sample' })
      this.#kernels.dispatch(pass, this.initialVariant, [uploaded, sample.buffer], workgroupsFor(tokens))
      pass.end()
    })
    return sample
  }

  /** Uploads tokens into a new tensor u32 [B, N]. Throws TokenRangeError unless all are integers from 0 to C − 1. */
  uploadTokens(
    tokens: ArrayLike<number>,
    shape: readonly [batchSize: number, numLatentPixels: number],
  ): GpuTensor<'u32'> {
    this.assertUsable()
    return GpuTensor.from(this.device, this.requireTokens(tokens), shape, 'vqd/sample')
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
    const inputs = [x, logits.conditional, logits.unconditional, noise]
    const faults = options.faults ? asGpuTensor(this.device, 'faults', options.faults) : this.#faults
    const givenX0 = typeof predOriginalSample === 'object' ? predOriginalSample : undefined
    const outputs = { out: options.out, predOriginalSample: givenX0 }
    requireOutputs(this.device, outputs, [...inputs, faults], x.shape)

    const prevSample = options.out ?? GpuTensor.empty(this.device, x.shape, 'u32', 'vqd/sample')
    const x0 =
      givenX0 ??
      (predOriginalSample ? GpuTensor.empty(this.device, x.shape, 'u32', 'vqd/pred_original_sample') : undefined)
    this.submit('vqd/step', (encoder) => {
      if (noise && rows) {
        const coefficients = steps.map(({ t, u }) => posteriorCoefficients(this.schedule, t, u))
        this.#reference.encodeDraw(encoder, {
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
        this.#step.encode(encoder, {
          ...{ logits, sample: x, prevSample, predOriginalSample: x0, faults, batchSize, numPixels, streams },
          truncationRate: truncates(options.truncationRate) ? options.truncationRate : undefined,
          counter: generator!.nextCounter(),
          thresholds: steps.map((step) => this.thresholds(step)),
        })
      }
    })
    return x0 ? { prevSample, predOriginalSample: x0 } : { prevSample }
  }

  /**
   * The log posterior log q(x_u | x_t), unnormalised if `logPX0` is: a new tensor f32 [B, C, N] or [B, N, C]
   * (SEMANTICS 6). Impossible classes are −∞; a column with NaN or +∞ is NaN. Throws as `step` does.
   */
  qPosterior(
    logPX0: LogitsTensor,
    xT: GpuTensor,
    timestep: number | readonly number[],
    {
      layout = 'class-major',
      previousTimestep,
    }: { layout?: Layout; previousTimestep?: number | readonly number[] } = {},
  ): GpuTensor<'f32'> {
    this.assertUsable()
    const x = asGpuTensor(this.device, 'xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const previous = previousTimestep ?? (typeof timestep === 'number' ? timestep - 1 : timestep.map((t) => t - 1))
    const steps = this.resolveTimesteps(timestep, previous, batchSize)
    const logits = logitsSource(this.device, logPX0, { layout }, [batchSize, this.numCodes, numPixels])
    const C = this.numEmbed
    const shape = layout === 'class-major' ? [batchSize, C, numPixels] : [batchSize, numPixels, C]
    const output = GpuTensor.empty(this.device, shape, 'f32', 'vqd/log_posterior')
    const coefficients = steps.map(({ t, u }) => posteriorCoefficients(this.schedule, t, u))
    this.submit('vqd/posterior', (encoder) =>
      this.#reference.encodePosterior(encoder, { logits, sample: x, output, rows: C, numPixels, coefficients }),
    )
    return output
  }

  /** logits + Gumbel noise of the uniforms, a new tensor f32 of the same shape (SEMANTICS 4). Throws ShapeError, DtypeError. */
  gumbelNoised(logits: LogitsTensor, noise: LogitsTensor): GpuTensor<'f32'> {
    this.assertUsable()
    const scores = asGpuTensor(this.device, 'logits', logits)
    const uniforms = asGpuTensor(this.device, 'noise', noise)
    requireDtype('logits', scores, ['f32'])
    requireDtype('noise', uniforms, ['f32'])
    requireShape('noise', uniforms, scores.shape, 'that of the logits')
    const output = GpuTensor.empty(this.device, scores.shape, 'f32', 'vqd/gumbel_noised')
    this.submit('vqd/gumbel_noised', (encoder) => this.#reference.encodeGumbelNoised(encoder, scores, uniforms, output))
    return output
  }

  /** A new tensor of zeros for `out`, `predOriginalSample` or `faults`, u32. */
  emptyTokens(shape: readonly number[]): GpuTensor {
    this.assertUsable()
    return GpuTensor.empty(this.device, shape, 'u32', 'vqd/tokens')
  }

  /** Resolves when what was enqueued so far has run. */
  finished(): Promise<void> {
    return this.device.queue.onSubmittedWorkDone()
  }

  /** What steps without counters of their own could not use since this was last asked; waits for the GPU. */
  async readFaults(): Promise<Faults> {
    this.assertUsable()
    const reading = this.#faults.read()
    this.#faults.write(new Uint32Array(2))
    const [invalidColumns = 0, impossibleTokens = 0] = await reading
    return { invalidColumns, impossibleTokens }
  }

  /** Frees the scheduler's own buffers; tensors it returned stay valid. Idempotent. */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    for (const owner of [this.#step, this.#reference, this.#initial, this.#faults]) owner.destroy()
  }

  [dispose](): void {
    this.destroy()
  }

  private get initialVariant(): KernelVariant {
    return { name: 'initial_sample', constants: { NUM_CODES: this.numCodes } }
  }

  private submit(label: string, record: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.device.createCommandEncoder({ label })
    record(encoder)
    this.device.queue.submit([encoder.finish()])
  }

  private assertUsable(): void {
    if (this.#destroyed) throw new DestroyedError('The scheduler was destroyed.')
    if (this.#lost)
      throw new DeviceLostError(
        `The GPU device was lost (${this.#lost.reason}: ${this.#lost.message}). Request a new device and create the scheduler anew.`,
      )
  }
}
