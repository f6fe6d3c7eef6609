import { requireEither, requireGpuDevice, requireOptions, requireSample, requireString } from '../checks'
import { type ConfigOverrides, overrideConfig, type VQDiffusionSchedulerOptions } from '../config'
import { makeDisposable } from '../dispose'
import { fetchJson, modelFile, type PretrainedOptions, pretrainedNames } from '../fetch'
import { GpuContext } from '../gpu/context'
import { DenseOperators } from '../gpu/dense'
import { ForwardProcess } from '../gpu/forward'
import type { LogitsTensor } from '../gpu/logits'
import { type GpuStepOptions, ReverseStep } from '../gpu/step'
import { asGpuTensor, type GpuTensor } from '../gpu/tensor'
import { addNoiseNames } from '../option_names'
import type {
  AddNoiseOptions,
  Faults,
  LayoutOption,
  LogPX0Options,
  LogQOptions,
  PurityRule,
  QPosteriorOptions,
  StepDiagnostics,
  VQDiffusionSchedulerOutput,
} from '../options'
import { Process } from '../process/process'
import type { RandomGenerator } from '../random'
import { type GpuPurityOptions, PuritySampler } from '../samplers/purity/gpu'
import { SchedulerBase } from './base'

/**
 * The scheduler of VQ-Diffusion on a GPU, twin of diffusers' VQDiffusionScheduler: a facade over the reverse step, the
 * forward process, the dense operators and purity-prior sampling.
 *
 * Shapes: B batch items, N latent pixels, K ordinary classes, C = K + 1 classes with the mask. Samples are u32 or i32
 * [B, N]. Tensors with classes are f32 or f16 [B, K, N] ('class-major') or [B, N, K] ('pixel-major').
 *
 * Every method enqueues its work on the device's queue and returns at once; results stay on the GPU. Tensors that a
 * method creates belong to the caller. Before anything is enqueued, all methods throw DestroyedError and
 * DeviceLostError; those that take tensors ShapeError, DtypeError, DeviceMismatchError and DestroyedError; those that
 * take a timestep TimestepError; those that take options OptionError.
 */
export class VQDiffusionScheduler extends SchedulerBase {
  readonly #context: GpuContext
  readonly #forward: ForwardProcess
  readonly #step: ReverseStep
  readonly #dense: DenseOperators
  readonly #purity: PuritySampler

  private constructor(device: GPUDevice, options: VQDiffusionSchedulerOptions) {
    requireGpuDevice('The first argument of VQDiffusionScheduler.create', device)
    const process = new Process(options)
    super(process)
    this.#context = new GpuContext(device, process)
    this.#forward = new ForwardProcess(this.#context)
    this.#step = new ReverseStep(this.#context)
    this.#dense = new DenseOperators(this.#context)
    this.#purity = new PuritySampler(this.#context, this.#step)
    makeDisposable(this)
  }

  /**
   * Creates a scheduler and compiles the pipeline of `initialSample`. Those of `step` depend on its options: `prepare`
   * compiles them. Rejects with OptionError, ConfigError or ShaderError.
   */
  static async create(device: GPUDevice, options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    const scheduler = new VQDiffusionScheduler(device, options)
    try {
      await scheduler.#forward.prepare()
    } catch (error) {
      scheduler.destroy()
      throw error
    }
    return scheduler
  }

  /**
   * `create` from the content of a `scheduler_config.json`, or from a scheduler of either engine; overrides take
   * precedence. Rejects with OptionError, ConfigError or ShaderError.
   */
  static async fromConfig(
    device: GPUDevice,
    json: unknown,
    overrides: ConfigOverrides = {},
  ): Promise<VQDiffusionScheduler> {
    requireGpuDevice('The first argument of VQDiffusionScheduler.fromConfig', device)
    return VQDiffusionScheduler.create(device, overrideConfig(json, overrides))
  }

  /**
   * `create` from the URL of a model folder in the layout of diffusers; overrides take precedence. Rejects with
   * OptionError, FetchError, ConfigError or ShaderError.
   */
  static async fromPretrained(
    device: GPUDevice,
    url: string | URL,
    options: PretrainedOptions = {},
  ): Promise<VQDiffusionScheduler> {
    requireGpuDevice('The first argument of VQDiffusionScheduler.fromPretrained', device)
    const given = requireOptions('fromPretrained', options, pretrainedNames)
    const { subfolder = 'scheduler', signal, ...overrides } = given
    const json = await fetchJson(modelFile(url, subfolder, 'scheduler_config.json'), signal)
    return VQDiffusionScheduler.fromConfig(device, json, overrides)
  }

  /** The device of the scheduler and of all its tensors. */
  get device(): GPUDevice {
    return this.#context.device
  }

  /**
   * Compiles the pipelines of `step` with these options ahead of its first use, for f32 logits. Other variants compile
   * at their first use. Rejects with OptionError or ShaderError.
   */
  prepare(options?: Partial<GpuStepOptions>): Promise<void> {
    return this.#step.prepare(options)
  }

  /** Uploads tokens into a new tensor, u32 [B, N]. Throws TokenRangeError unless all are integers from 0 to C − 1. */
  uploadTokens(
    tokens: ArrayLike<number>,
    shape: readonly [batchSize: number, numLatentPixels: number],
  ): GpuTensor<'u32'> {
    return this.#context.uploadTokens(tokens, shape)
  }

  /** Creates a tensor of zeros, u32, for `out`, `predOriginalSample` or `faults`. */
  emptyTokens(shape: readonly number[]): GpuTensor {
    return this.#context.emptyTokens(shape)
  }

  /** Creates tensors for the `diagnostics` of a sample of this shape [B, N]. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<GpuTensor> {
    return this.#context.emptyDiagnostics(shape)
  }

  /**
   * Throws ShapeError, DtypeError, DeviceMismatchError or DestroyedError unless the value is a tensor of tokens, u32 or
   * i32 [B, N].
   */
  assertTokens(name: string, value: GpuTensor): void {
    requireString('name', name)
    requireSample(name, asGpuTensor(this.#context.device, name, value))
  }

  /**
   * The start of a chain, u32 [B, N]: the mask with probability c̄ / (c̄ + K·b̄) of the last timestep, else a uniform
   * class; with `start: 'mask'` masks only, as in diffusers.
   */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    options: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): GpuTensor<'u32'> {
    return this.#forward.initialSample(shape, options)
  }

  /**
   * One reverse step x_t → x_u.
   *
   * @param modelOutput logits or log-probabilities of x₀, f32 or f16, [B, K, N] or [B, N, K] by `layout`. A constant
   *   added to a column changes nothing. With guidance, but without `guidance.unconditional`, 2B items, the
   *   unconditional half first.
   * @param timestep t, one number or one per item
   * @param sample x_t, u32 or i32 [B, N]
   * @returns x_u and the requested tensors
   * @throws OptionError, ShapeError, DtypeError, TimestepError, DeviceMismatchError, DestroyedError, DeviceLostError,
   *   WebGPUError, before anything is enqueued and before the generator advances
   */
  step(
    modelOutput: LogitsTensor,
    timestep: number | readonly number[],
    sample: GpuTensor,
    options: GpuStepOptions,
  ): VQDiffusionSchedulerOutput<GpuTensor> {
    return this.#step.step(modelOutput, timestep, sample, options)
  }

  /**
   * One step of purity-prior sampling (Tang et al. 2022; docs/MATH.md#purity): reveals as many masked tokens as the
   * schedule expects to be unmasked at u, chosen without replacement by their purity, and revises none. Supports
   * guidance, but not truncation. A step to clean data (u = −1) is a plain `step`. Throws as `step` does.
   */
  purityStep(
    modelOutput: LogitsTensor,
    timestep: number | readonly number[],
    sample: GpuTensor,
    options: GpuPurityOptions,
  ): VQDiffusionSchedulerOutput<GpuTensor> {
    return this.#purity.step(modelOutput, timestep, sample, options)
  }

  /**
   * The purity prior of log p(x₀) as dense tensors (docs/MATH.md#purity): `logProb`, the sharpened prediction, f32 [B,
   * C, N] or [B, N, C]; `selectionWeight`, the purity of masked tokens and 0 for the others, f32 [B, N].
   */
  purityPrior(
    logPX0: LogitsTensor,
    xT: GpuTensor,
    options: LayoutOption & Partial<PurityRule> = {},
  ): {
    /** The sharpened prediction. */
    logProb: GpuTensor<'f32'>
    /** The purity of masked tokens, 0 for the others. */
    selectionWeight: GpuTensor<'f32'>
  } {
    return this.#purity.prior(logPX0, xT, options)
  }

  /**
   * log q(x_u | x_t), f32 [B, C, N] or [B, N, C], unnormalised if `logPX0` is (docs/MATH.md#posterior). Impossible
   * classes are −∞; a column with NaN or +∞ is NaN. u is t − 1 by default.
   */
  qPosterior(
    logPX0: LogitsTensor,
    xT: GpuTensor,
    timestep: number | readonly number[],
    options: QPosteriorOptions = {},
  ): GpuTensor<'f32'> {
    return this.#dense.qPosterior(logPX0, xT, timestep, options)
  }

  /** logits + Gumbel noise of uniforms in [0, 1], f32 of the same shape (docs/MATH.md#gumbel-noise). */
  gumbelNoised(logits: LogitsTensor, noise: LogitsTensor): GpuTensor<'f32'> {
    return this.#dense.gumbelNoised(logits, noise)
  }

  /**
   * Log one-hot rows of tokens [B, N], f32 [B, classes, N] or [B, N, classes]: 0 at the class, log(1e-30) elsewhere
   * (docs/MATH.md#log-one-hot). Tokens beyond the classes are counted as impossible.
   */
  indexToLogOnehot(x: GpuTensor, numClasses: number, options: LayoutOption = {}): GpuTensor<'f32'> {
    return this.#dense.indexToLogOnehot(x, numClasses, options)
  }

  /**
   * log q(x_t | previous = k) of a known x_t: K rows cumulated from clean data, or C rows of one step from t − 1, f32
   * (docs/MATH.md#transition-rows).
   */
  logQTTransitioningToKnownClass(options: LogQOptions<GpuTensor>): GpuTensor<'f32'> {
    return this.#dense.logQTTransitioningToKnownClass(options)
  }

  /**
   * log q(x_t), C rows, of K rows log q(x₀), f32 (docs/MATH.md#cumulative-transitions). t = −1 leaves the K rows
   * unchanged.
   */
  applyCumulativeTransitions(
    q: LogitsTensor,
    t: number | readonly number[],
    options: LayoutOption = {},
  ): GpuTensor<'f32'> {
    return this.#dense.applyCumulativeTransitions(q, t, options)
  }

  /**
   * log p(x₀) of raw logits, K rows, f32: guidance, log-softmax, truncation and clamp as in the pipeline of diffusers,
   * each optional (docs/MATH.md#pipeline). `step` takes raw logits and does not need it.
   */
  logPX0(modelOutput: LogitsTensor, options: LogPX0Options<LogitsTensor> = {}): GpuTensor<'f32'> {
    return this.#dense.logPX0(modelOutput, options)
  }

  /**
   * The forward process: x_t of clean tokens, u32 [B, N] (docs/MATH.md#forward-process). Draws with a generator, which
   * advances, or with supplied uniforms `noise`, f32 [B, C, N], as the paper authors' code does.
   */
  addNoise(
    x0: GpuTensor,
    t: number | readonly number[],
    options: AddNoiseOptions<LogitsTensor, GpuTensor>,
  ): GpuTensor<'u32'> {
    const { generator, noise, faults } = requireOptions('addNoise', options, addNoiseNames)
    requireEither('addNoise', 'a generator or noise', generator, noise)
    if (noise !== undefined) return this.#dense.addNoise(x0, t, noise)
    return this.#forward.addNoise(x0, t, { generator: generator!, ...(faults !== undefined && { faults }) })
  }

  /**
   * Codebook vectors of clean tokens [B, N], f32 [B, E, N] (docs/MATH.md#codebook). A mask is counted as impossible.
   *
   * @param codebook f32 [K, E]
   */
  lookupCodebook(codebook: GpuTensor, tokens: GpuTensor): GpuTensor<'f32'> {
    return this.#dense.lookupCodebook(codebook, tokens)
  }

  /** Resolves when all work enqueued so far has run. */
  finished(): Promise<void> {
    return this.#context.device.queue.onSubmittedWorkDone()
  }

  /**
   * The invalid input counted since the last call, by work without counters of its own. Waits for the GPU. Rejects with
   * WebGPUError, once, if WebGPU refused such work; reading what it wrote is refused too.
   */
  async readFaults(): Promise<Faults> {
    return this.#context.readFaults()
  }

  /** Frees the scheduler's own buffers; the tensors that it returned stay valid. Idempotent. */
  destroy(): void {
    this.#context.destroy()
  }

  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void {
    this.destroy()
  }
}
