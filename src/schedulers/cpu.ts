import { requireDrawOptions, requireEither, requireOptions, requireSample, requireString } from '../checks'
import { type ConfigOverrides, overrideConfig, type VQDiffusionSchedulerOptions } from '../config'
import { CpuContext } from '../cpu/context'
import { DenseOperators } from '../cpu/dense'
import { ForwardProcess } from '../cpu/forward'
import { type CpuStepOptions, ReverseStep } from '../cpu/step'
import { asCpuTensor, type CpuTensor } from '../cpu/tensor'
import type { VariationalTerms } from '../cpu/variational'
import { makeDisposable } from '../dispose'
import { fetchJson, modelFile, type PretrainedOptions, pretrainedNames } from '../fetch'
import { addNoiseNames, stepNames } from '../option_names'
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
import { type CpuPurityOptions, PuritySampler } from '../samplers/purity/cpu'
import { SchedulerBase } from './base'

/**
 * The scheduler of VQ-Diffusion in float64 JavaScript, for machines without WebGPU and as the oracle of tests: the methods,
 * seeds and random bits are those of the scheduler on WebGPU.
 *
 * Shapes: B batch items, N latent pixels, K ordinary classes, C = K + 1 classes with the mask. Samples are u32 or i32 [B,
 * N]. Tensors with classes are f32, f64 or f16 [B, K, N] ('class-major') or [B, N, K] ('pixel-major'); results are f64 or
 * u32. Every method computes its result before it returns, and throws ShapeError, DtypeError, TimestepError, OptionError or
 * DestroyedError before anything changes.
 */
export class VQDiffusionScheduler extends SchedulerBase {
  readonly #context: CpuContext
  readonly #forward: ForwardProcess
  readonly #step: ReverseStep
  readonly #dense: DenseOperators
  readonly #purity: PuritySampler

  private constructor(options: VQDiffusionSchedulerOptions) {
    const process = new Process(options)
    super(process)
    this.#context = new CpuContext(process)
    this.#forward = new ForwardProcess(this.#context)
    this.#step = new ReverseStep(this.#context)
    this.#dense = new DenseOperators(this.#context)
    this.#purity = new PuritySampler(this.#context, this.#step)
    makeDisposable(this)
  }

  /** Creates a scheduler. Rejects with ConfigError, or OptionError for an unknown key. */
  static async create(options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    return new VQDiffusionScheduler(options)
  }

  /**
   * `create` from the content of a `scheduler_config.json`, or from a scheduler of either engine; overrides take
   * precedence. Rejects with OptionError or ConfigError.
   */
  static async fromConfig(json: unknown, overrides: ConfigOverrides = {}): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(overrideConfig(json, overrides))
  }

  /**
   * `create` from the URL of a model folder in the layout of diffusers; overrides take precedence. Rejects with
   * FetchError or ConfigError.
   */
  static async fromPretrained(url: string | URL, options: PretrainedOptions = {}): Promise<VQDiffusionScheduler> {
    const given = requireOptions('fromPretrained', options, pretrainedNames)
    const { subfolder = 'scheduler', signal, ...overrides } = given
    const json = await fetchJson(modelFile(url, subfolder, 'scheduler_config.json'), signal)
    return VQDiffusionScheduler.fromConfig(json, overrides)
  }

  /** Copies tokens into a new tensor, u32 [B, N]. Throws TokenRangeError unless all are integers from 0 to C − 1. */
  uploadTokens(
    tokens: ArrayLike<number>,
    shape: readonly [batchSize: number, numLatentPixels: number],
  ): CpuTensor<Uint32Array> {
    return this.#context.uploadTokens(tokens, shape)
  }

  /** Creates a tensor of zeros, u32, for `out`, `predOriginalSample` or `faults`. */
  emptyTokens(shape: readonly number[]): CpuTensor {
    return this.#context.emptyTokens(shape)
  }

  /** Creates tensors for the `diagnostics` of a sample of this shape [B, N]. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<CpuTensor> {
    return this.#context.emptyDiagnostics(shape)
  }

  /** Throws ShapeError or DtypeError unless the value is a tensor of tokens, u32 or i32 [B, N]. */
  assertTokens(name: string, value: CpuTensor): void {
    requireString('name', name)
    requireSample(name, asCpuTensor(name, value))
  }

  /**
   * The start of a chain, u32 [B, N]: the mask with probability c̄ / (c̄ + K·b̄) of the last timestep, else a uniform
   * class; with `start: 'mask'` masks only, as in diffusers.
   */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    options: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): CpuTensor<Uint32Array> {
    return this.#forward.initialSample(shape, options)
  }

  /**
   * One reverse step x_t → x_u.
   *
   * @param modelOutput logits or log-probabilities of x₀, f32, f64 or f16, [B, K, N] or [B, N, K] by `layout`. A constant
   *   added to a column changes nothing. With guidance, but without `guidance.unconditional`, 2B items, the
   *   unconditional half first.
   * @param timestep t, one number or one per item
   * @param sample x_t, u32 or i32 [B, N]
   * @returns x_u and the requested tensors
   * @throws OptionError, ShapeError, DtypeError, TimestepError, before the generator advances
   */
  step(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuStepOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    return this.#step.step(modelOutput, timestep, sample, options)
  }

  /**
   * One step of purity-prior sampling (Tang et al. 2022; docs/MATH.md#purity): reveals as many masked tokens as the
   * schedule expects to be unmasked at u, chosen without replacement by their purity, and revises none. Supports
   * guidance, but not truncation. A step to clean data (u = −1) is a plain `step`. Throws as `step` does.
   */
  purityStep(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuPurityOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    return this.#purity.step(modelOutput, timestep, sample, options)
  }

  /**
   * The purity prior of log p(x₀) as dense tensors (docs/MATH.md#purity): `logProb`, the sharpened prediction, f64 [B,
   * C, N] or [B, N, C]; `selectionWeight`, the purity of masked tokens and 0 for the others, f64 [B, N].
   */
  purityPrior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    options: LayoutOption & Partial<PurityRule> = {},
  ): {
    /** The sharpened prediction. */
    logProb: CpuTensor<Float64Array>
    /** The purity of masked tokens, 0 for the others. */
    selectionWeight: CpuTensor<Float64Array>
  } {
    return this.#purity.prior(logPX0, xT, options)
  }

  /**
   * log q(x_u | x_t), f64 [B, C, N] or [B, N, C], unnormalised if `logPX0` is (docs/MATH.md#posterior). Impossible
   * classes are −∞; a column with NaN or +∞ is NaN. u is t − 1 by default.
   */
  qPosterior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    timestep: number | readonly number[],
    options: QPosteriorOptions = {},
  ): CpuTensor<Float64Array> {
    return this.#dense.qPosterior(logPX0, xT, timestep, options)
  }

  /** logits + Gumbel noise of uniforms in [0, 1], f64 of the same shape (docs/MATH.md#gumbel-noise). */
  gumbelNoised(logits: CpuTensor, noise: CpuTensor): CpuTensor<Float64Array> {
    return this.#dense.gumbelNoised(logits, noise)
  }

  /**
   * Log one-hot rows of tokens [B, N], f64 [B, classes, N] or [B, N, classes]: 0 at the class, log(1e-30) elsewhere
   * (docs/MATH.md#log-one-hot). Tokens beyond the classes are counted as impossible.
   */
  indexToLogOnehot(x: CpuTensor, numClasses: number, options: LayoutOption = {}): CpuTensor<Float64Array> {
    return this.#dense.indexToLogOnehot(x, numClasses, options)
  }

  /**
   * log q(x_t | previous = k) of a known x_t: K rows cumulated from clean data, or C rows of one step from t − 1, f64
   * (docs/MATH.md#transition-rows).
   */
  logQTTransitioningToKnownClass(options: LogQOptions<CpuTensor>): CpuTensor<Float64Array> {
    return this.#dense.logQTTransitioningToKnownClass(options)
  }

  /**
   * log q(x_t), C rows, of K rows log q(x₀), f64 (docs/MATH.md#cumulative-transitions). t = −1 leaves the K rows
   * unchanged.
   */
  applyCumulativeTransitions(
    q: CpuTensor,
    t: number | readonly number[],
    options: LayoutOption = {},
  ): CpuTensor<Float64Array> {
    return this.#dense.applyCumulativeTransitions(q, t, options)
  }

  /**
   * log p(x₀) of raw logits, K rows, f64: guidance, log-softmax, truncation and clamp as in the pipeline of diffusers,
   * each optional (docs/MATH.md#pipeline). `step` takes raw logits and does not need it.
   */
  logPX0(modelOutput: CpuTensor, options: LogPX0Options<CpuTensor> = {}): CpuTensor<Float64Array> {
    return this.#dense.logPX0(modelOutput, options)
  }

  /**
   * The forward process: x_t of clean tokens, u32 [B, N] (docs/MATH.md#forward-process). Draws with a generator, which
   * advances, or with supplied uniforms `noise`, f32 or f64 [B, C, N], as the paper authors' code does.
   */
  addNoise(
    x0: CpuTensor,
    t: number | readonly number[],
    options: AddNoiseOptions<CpuTensor, CpuTensor>,
  ): CpuTensor<Uint32Array> {
    const { generator, noise, faults } = requireOptions('addNoise', options, addNoiseNames)
    requireEither('addNoise', 'a generator or noise', generator, noise)
    if (noise !== undefined) return this.#dense.addNoise(x0, t, noise)
    return this.#forward.addNoise(x0, t, { generator: generator!, ...(faults !== undefined && { faults }) })
  }

  /**
   * Codebook vectors of clean tokens [B, N], f64 [B, E, N] (docs/MATH.md#codebook). A mask is counted as impossible.
   *
   * @param codebook f32 or f64 [K, E]
   */
  lookupCodebook(codebook: CpuTensor, tokens: CpuTensor): CpuTensor<Float64Array> {
    return this.#dense.lookupCodebook(codebook, tokens)
  }

  /**
   * The terms of the variational bound for every token, in nats, f64 [B, N] (docs/MATH.md#variational-terms): the loss
   * is `kl` at t > 0 and `decoderNll` at t = 0. Only on the CPU.
   *
   * @param logPX0 normalised log-probabilities of x₀, f32, f64 or f16, [B, K, N] or [B, N, K] by `layout`; a column with NaN
   *   or +∞ gives NaN
   * @param x0 clean tokens, u32 or i32 [B, N]
   * @param xT x_t, u32 or i32 [B, N]
   * @throws also TokenRangeError unless x0 holds classes 0 to K − 1 and xT those or the mask
   */
  vbTerms(
    logPX0: CpuTensor,
    x0: CpuTensor,
    xT: CpuTensor,
    t: number | readonly number[],
    options: LayoutOption = {},
  ): VariationalTerms<CpuTensor<Float64Array>> {
    return this.#dense.vbTerms(logPX0, x0, xT, t, options)
  }

  /** The invalid input counted since the last call, by work without counters of its own. */
  async readFaults(): Promise<Faults> {
    return this.#context.readFaults()
  }

  /** Resolves at once: there is nothing to compile. Rejects with OptionError. */
  async prepare(options?: Partial<CpuStepOptions>): Promise<void> {
    this.#context.assertUsable()
    requireDrawOptions(requireOptions('prepare', options, stepNames))
  }

  /** Resolves at once: methods compute their result before they return. */
  async finished(): Promise<void> {}

  /** Frees nothing, but methods throw DestroyedError afterwards, as those of the scheduler on WebGPU. Idempotent. */
  destroy(): void {
    this.#context.destroy()
  }

  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void {
    this.destroy()
  }
}
