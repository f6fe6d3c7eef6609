import { requireDrawOptions, requireEither, requireOptions, requireSample } from '../checks'
import { type ConfigOverrides, overrideConfig, type VQDiffusionSchedulerOptions } from '../config'
import { CpuContext } from '../cpu/context'
import { DenseOperators } from '../cpu/dense'
import { ForwardProcess } from '../cpu/forward'
import { type CpuStepOptions, ReverseStep } from '../cpu/step'
import { asCpuTensor, type CpuTensor } from '../cpu/tensor'
import type { VariationalTerms } from '../cpu/variational'
import { fetchJson, modelFile, type PretrainedOptions } from '../fetch'
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
 * The float64 twin of the GPU scheduler: the same methods, seeds and random bits. It is the oracle of the tests, and
 * the fallback without WebGPU.
 *
 * Shapes are those of the GPU scheduler. Samples are u32 or i32, tensors with classes f32 or f64; results are f64 or
 * u32. Every method computes its result before it returns, and throws ShapeError, DtypeError, TimestepError or
 * OptionError before anything changes.
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
  }

  /** Creates a scheduler. Rejects with ConfigError. */
  static async create(options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    return new VQDiffusionScheduler(options)
  }

  /** `create` from the content of a `scheduler_config.json`; overrides take precedence. Rejects with ConfigError. */
  static async fromConfig(json: unknown, overrides: ConfigOverrides = {}): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(overrideConfig(json, overrides))
  }

  /**
   * `create` from the URL of a model folder in the layout of diffusers; overrides take precedence. Rejects with
   * FetchError or ConfigError.
   */
  static async fromPretrained(url: string | URL, options: PretrainedOptions = {}): Promise<VQDiffusionScheduler> {
    const { subfolder = 'scheduler', signal, ...overrides } = requireOptions('fromPretrained', options)
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
    requireSample(name, asCpuTensor(name, value))
  }

  /** The start of a chain, u32 [B, N]; see the GPU scheduler. */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    options: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): CpuTensor<Uint32Array> {
    return this.#forward.initialSample(shape, options)
  }

  /** One reverse step x_t → x_u; see the GPU scheduler. The generator advances last. */
  step(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuStepOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    return this.#step.step(modelOutput, timestep, sample, options)
  }

  /** One step of purity-prior sampling; see the GPU scheduler. */
  purityStep(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuPurityOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    return this.#purity.step(modelOutput, timestep, sample, options)
  }

  /** The purity prior of log p(x₀) as dense tensors, f64 [B, C, N] and [B, N]; see the GPU scheduler. */
  purityPrior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    options: LayoutOption & Partial<PurityRule> = {},
  ): { logProb: CpuTensor<Float64Array>; selectionWeight: CpuTensor<Float64Array> } {
    return this.#purity.prior(logPX0, xT, options)
  }

  /** log q(x_u | x_t), f64 [B, C, N] or [B, N, C]; see the GPU scheduler. */
  qPosterior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    timestep: number | readonly number[],
    options: QPosteriorOptions = {},
  ): CpuTensor<Float64Array> {
    return this.#dense.qPosterior(logPX0, xT, timestep, options)
  }

  /** logits + Gumbel noise of uniforms in [0, 1], f64 of the same shape; see the GPU scheduler. */
  gumbelNoised(logits: CpuTensor, noise: CpuTensor): CpuTensor<Float64Array> {
    return this.#dense.gumbelNoised(logits, noise)
  }

  /** Log one-hot rows of tokens, f64 [B, classes, N] or [B, N, classes]; see the GPU scheduler. */
  indexToLogOnehot(x: CpuTensor, numClasses: number, options: LayoutOption = {}): CpuTensor<Float64Array> {
    return this.#dense.indexToLogOnehot(x, numClasses, options)
  }

  /** log q(x_t | previous = k) of a known x_t, f64; see the GPU scheduler. */
  logQTTransitioningToKnownClass(options: LogQOptions<CpuTensor>): CpuTensor<Float64Array> {
    return this.#dense.logQTTransitioningToKnownClass(options)
  }

  /** log q(x_t), C rows, of K rows log q(x₀), f64; see the GPU scheduler. */
  applyCumulativeTransitions(
    q: CpuTensor,
    t: number | readonly number[],
    options: LayoutOption = {},
  ): CpuTensor<Float64Array> {
    return this.#dense.applyCumulativeTransitions(q, t, options)
  }

  /** log p(x₀) of raw logits, K rows, f64; see the GPU scheduler. */
  logPX0(modelOutput: CpuTensor, options: LogPX0Options<CpuTensor> = {}): CpuTensor<Float64Array> {
    return this.#dense.logPX0(modelOutput, options)
  }

  /** The forward process: x_t of clean tokens, u32 [B, N]; see the GPU scheduler. */
  addNoise(
    x0: CpuTensor,
    t: number | readonly number[],
    options: AddNoiseOptions<CpuTensor, CpuTensor>,
  ): CpuTensor<Uint32Array> {
    const { generator, noise, faults } = requireOptions('addNoise', options)
    requireEither('addNoise', 'a generator or noise', generator, noise)
    if (noise !== undefined) return this.#dense.addNoise(x0, t, noise)
    return this.#forward.addNoise(x0, t, { generator: generator!, ...(faults !== undefined && { faults }) })
  }

  /** Codebook vectors [K, E] of clean tokens [B, N], f64 [B, E, N]; see the GPU scheduler. */
  lookupCodebook(codebook: CpuTensor, tokens: CpuTensor): CpuTensor<Float64Array> {
    return this.#dense.lookupCodebook(codebook, tokens)
  }

  /**
   * The terms of the variational bound for every token, in nats, f64 [B, N] (docs/MATH.md#variational-terms): the loss
   * is `kl` at t > 0 and `decoderNll` at t = 0. Only on the CPU.
   *
   * @param logPX0 normalised log-probabilities of x₀, f32 or f64, [B, K, N] or [B, N, K] by `layout`; a column with NaN
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
    requireDrawOptions(requireOptions('prepare', options))
  }

  /** Resolves at once: methods compute their result before they return. */
  async finished(): Promise<void> {}

  /** Does nothing; for code that handles both schedulers. */
  destroy(): void {}
}
