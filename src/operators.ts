import type { VQDiffusionSchedulerOptions } from './config'
import { GpuScheduler } from './gpu_scheduler'
import { asGpuTensor } from './interop'
import {
  type AddNoiseOptions,
  type LayoutOption,
  type LogPX0Options,
  type LogQOptions,
  oneStepBefore,
  type QPosteriorOptions,
  requireCodebook,
  requireLogPX0,
  requireNumClasses,
  requireRows,
  rowsShape,
} from './operator_options'
import { Reference } from './reference'
import { logCumulative, logFloor, posteriorCoefficients, transitionRows } from './schedule'
import { type LogitsTensor, logitsSource } from './step_inputs'
import { type Layout, requireDtype, requireEither, requireSample, requireShape, truncates } from './step_options'
import { elementCount, GpuTensor } from './tensor'
import { forwardThresholds } from './thresholds'

/**
 * The reference's operators as dense tensors on the GPU. Each returns a new tensor that the caller owns, enqueues its
 * work and returns at once. All throw ShapeError, DtypeError, DeviceMismatchError, DestroyedError or DeviceLostError
 * before anything is enqueued, those with a timestep TimestepError.
 */
export abstract class ReferenceOperators extends GpuScheduler {
  protected readonly reference: Reference

  protected constructor(device: GPUDevice, options: VQDiffusionSchedulerOptions) {
    super(device, options)
    this.reference = this.own(new Reference(this.kernels, this.numCodes))
  }

  /**
   * log q(x_u | x_t), unnormalised if `logPX0` is, f32 [B, C, N] or [B, N, C] (SEMANTICS 6). Impossible classes are −∞;
   * a column with NaN or +∞ is NaN. u is t − 1 unless given.
   */
  qPosterior(
    logPX0: LogitsTensor,
    xT: GpuTensor,
    timestep: number | readonly number[],
    { layout = 'class-major', previousTimestep = oneStepBefore(timestep) }: QPosteriorOptions = {},
  ): GpuTensor<'f32'> {
    this.assertUsable()
    const x = asGpuTensor(this.device, 'xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const steps = this.resolveTimesteps(timestep, previousTimestep, batchSize)
    const logits = logitsSource(this.device, logPX0, { layout }, [batchSize, this.numCodes, numPixels])
    const output = this.emptyRows(layout, batchSize, this.numEmbed, numPixels, 'vqd/log_posterior')
    const coefficients = steps.map(({ t, u }) => posteriorCoefficients(this.schedule, t, u))
    this.submit('vqd/posterior', (encoder) =>
      this.reference.encodePosterior(encoder, {
        logits,
        sample: x,
        output,
        rows: this.numEmbed,
        numPixels,
        coefficients,
      }),
    )
    return output
  }

  /** logits + Gumbel noise of uniforms in [0, 1], f32 of the same shape (SEMANTICS 4). */
  gumbelNoised(logits: LogitsTensor, noise: LogitsTensor): GpuTensor<'f32'> {
    this.assertUsable()
    const scores = asGpuTensor(this.device, 'logits', logits)
    const uniforms = asGpuTensor(this.device, 'noise', noise)
    requireDtype('logits', scores, ['f32', 'f16'])
    requireDtype('noise', uniforms, ['f32'])
    requireShape('noise', uniforms, scores.shape, 'that of the logits')
    const output = GpuTensor.empty(this.device, scores.shape, 'f32', 'vqd/gumbel_noised')
    this.submit('vqd/gumbel_noised', (encoder) => this.reference.encodeGumbelNoised(encoder, scores, uniforms, output))
    return output
  }

  /**
   * Tokens to log one-hot rows, f32 [B, classes, N]: 0 at the class, log(1e-30) elsewhere (SEMANTICS 4). Tokens beyond
   * the classes are counted as impossible.
   */
  indexToLogOnehot(x: GpuTensor, numClasses: number, { layout = 'class-major' }: LayoutOption = {}): GpuTensor<'f32'> {
    this.assertUsable()
    requireNumClasses(numClasses)
    const tokens = asGpuTensor(this.device, 'x', x)
    const { batchSize, numPixels } = requireSample('x', tokens)
    const output = this.emptyRows(layout, batchSize, numClasses, numPixels, 'vqd/log_onehot')
    this.#packRows(output, layout, numPixels, numClasses, tokens.offset, 0, [[logFloor, 0, 0, 0]])
    const buffers = [tokens.buffer, output.buffer, this.faults.buffer]
    this.submitElements({ name: 'log_onehot', constants: {} }, output.size, buffers)
    return output
  }

  /**
   * log q(x_t | previous = k) of a known x_t: K rows cumulated from clean data, or C rows of one step from t − 1
   * (SEMANTICS 5).
   */
  logQTTransitioningToKnownClass({
    t,
    xT,
    cumulative,
    layout = 'class-major',
  }: LogQOptions<GpuTensor>): GpuTensor<'f32'> {
    this.assertUsable()
    const x = asGpuTensor(this.device, 'xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const steps = this.resolveTimesteps(t, -1, batchSize)
    const rows = cumulative ? this.numCodes : this.numEmbed
    const output = this.emptyRows(layout, batchSize, rows, numPixels, 'vqd/log_q')
    const items = steps.map((step) => transitionRows(this.schedule, step.t, cumulative ? -1 : step.t - 1))
    this.#packRows(output, layout, numPixels, rows, x.offset, 0, items)
    this.submitElements({ name: 'transition', constants: { NUM_CODES: this.numCodes } }, output.size, [
      x.buffer,
      output.buffer,
    ])
    return output
  }

  /** log q(x_t) of K rows log q(x₀), f32 [B, C, N] (SEMANTICS 5); t = −1 leaves the rows as they are. */
  applyCumulativeTransitions(
    q: LogitsTensor,
    t: number | readonly number[],
    { layout = 'class-major' }: LayoutOption = {},
  ): GpuTensor<'f32'> {
    this.assertUsable()
    const tensor = asGpuTensor(this.device, 'q', q)
    const { batchSize, numPixels } = requireRows('q', tensor, layout, this.numCodes, ['f32', 'f16'])
    const items = this.perItem('t', t, batchSize).map((time) => logCumulative(this.schedule, time))
    const output = this.emptyRows(layout, batchSize, this.numEmbed, numPixels, 'vqd/log_q')
    this.#packRows(output, layout, numPixels, this.numEmbed, 0, tensor.offset, items)
    const features = { F16: tensor.dtype === 'f16' }
    const variant = { name: 'apply_cumulative', features, constants: { NUM_CODES: this.numCodes } } as const
    this.submitElements(variant, output.size, [tensor.buffer, output.buffer])
    return output
  }

  /**
   * The pipeline's pieces on raw logits of K rows: guidance, log-softmax, truncation, clamp, f32 (SEMANTICS 10). `step`
   * needs none of it; it is what the reference's scheduler receives.
   */
  logPX0(modelOutput: LogitsTensor, options: LogPX0Options<LogitsTensor> = {}): GpuTensor<'f32'> {
    this.assertUsable()
    const { layout = 'class-major', normalise = true, truncationRate = 1, minimum = -3.4e38 } = options
    const tensor = asGpuTensor(this.device, 'modelOutput', modelOutput)
    const { batchSize, numPixels } = requireLogPX0(tensor, options, this.numCodes, ['f32', 'f16'])
    const logits = logitsSource(this.device, tensor, options, [batchSize, this.numCodes, numPixels])
    const outputLayout = options.outputLayout ?? layout
    const output = this.emptyRows(outputLayout, batchSize, this.numCodes, numPixels, 'vqd/log_p_x_0')
    this.submit('vqd/guide', (encoder) =>
      this.reference.encodeGuide(encoder, {
        ...{ logits, output, numPixels, columns: batchSize * numPixels, normalise, minimum },
        outputClassMajor: outputLayout === 'class-major',
        truncationRate: truncates(truncationRate) ? truncationRate : 1,
      }),
    )
    return output
  }

  /**
   * The forward process: x_t of clean tokens, u32 [B, N] (SEMANTICS 14). With a generator a draw that advances it; with
   * `noise`, uniforms f32 [B, C, N], the draw of the paper authors' code. Throws OptionError unless given just one.
   */
  addNoise(
    x0: GpuTensor,
    t: number | readonly number[],
    { generator, noise, faults }: AddNoiseOptions<LogitsTensor, GpuTensor>,
  ): GpuTensor<'u32'> {
    this.assertUsable()
    const clean = asGpuTensor(this.device, 'x0', x0)
    const { batchSize, numPixels } = requireSample('x0', clean)
    const steps = this.resolveTimesteps(t, -1, batchSize)
    requireEither('addNoise', 'a generator or noise', generator, noise)
    if (noise) return this.#addNoiseOf(clean, steps, asGpuTensor(this.device, 'noise', noise))
    const counters = this.faultsOf(faults)
    const streams = generator!.streams(batchSize)
    const output = GpuTensor.empty(this.device, clean.shape, 'u32', 'vqd/sample')
    const { parameters } = this
    parameters.begin(4 + 6 * batchSize)
    parameters.u32(clean.size, numPixels, generator!.nextCounter(), clean.offset)
    for (const [item, { seedLow, seedHigh, item: place }] of streams.entries())
      parameters.u32(seedLow, seedHigh, place, 0, ...forwardThresholds(this.schedule, steps[item]!.t))
    const variant = { name: 'add_noise', constants: { NUM_CODES: this.numCodes } } as const
    this.submitElements(variant, clean.size, [clean.buffer, output.buffer, counters.buffer])
    return output
  }

  #addNoiseOf(clean: GpuTensor, steps: readonly { t: number; u: number }[], noise: GpuTensor): GpuTensor<'u32'> {
    const [batchSize = 0, numPixels = 0] = clean.shape
    requireDtype('noise', noise, ['f32'])
    requireShape('noise', noise, [batchSize, this.numEmbed, numPixels], '[batch, classes, pixels]')
    const times = steps.map((step) => step.t)
    const onehot = this.indexToLogOnehot(clean, this.numCodes)
    const scores = this.applyCumulativeTransitions(onehot, times)
    const output = GpuTensor.empty(this.device, clean.shape, 'u32', 'vqd/sample')
    const logits = { conditional: scores, unconditional: undefined, scale: 1, layout: 'class-major' } as const
    const coefficients = steps.map(({ t, u }) => posteriorCoefficients(this.schedule, t, u))
    this.submit('vqd/add_noise', (encoder) =>
      this.reference.encodeArgmax(encoder, {
        ...{ logits, sample: clean, noise, output, faults: this.faults, rows: this.numEmbed, numPixels, coefficients },
      }),
    )
    for (const tensor of [onehot, scores]) tensor.destroy()
    return output
  }

  /** Codebook vectors f32 [K, E] of clean tokens [B, N], as f32 [B, E, N]. A mask is counted as impossible. */
  lookupCodebook(codebook: GpuTensor, tokens: GpuTensor): GpuTensor<'f32'> {
    this.assertUsable()
    const vectors = asGpuTensor(this.device, 'codebook', codebook)
    const x = asGpuTensor(this.device, 'tokens', tokens)
    const { batchSize, numPixels } = requireSample('tokens', x)
    const E = requireCodebook(vectors, this.numCodes, ['f32'])
    const output = GpuTensor.empty(this.device, [batchSize, E, numPixels], 'f32', 'vqd/embeddings')
    this.parameters.begin(6)
    this.parameters.u32(output.size, numPixels, E, this.numCodes, x.offset, vectors.offset)
    const buffers = [x.buffer, vectors.buffer, output.buffer, this.faults.buffer]
    this.submitElements({ name: 'codebook', constants: {} }, output.size, buffers)
    return output
  }

  protected emptyRows(layout: Layout, B: number, rows: number, N: number, label: string): GpuTensor<'f32'> {
    return GpuTensor.empty(this.device, rowsShape(layout, B, rows, N), 'f32', label)
  }

  /** Struct Rows of lib/layout.wgsl. */
  #packRows(
    output: GpuTensor,
    layout: Layout,
    numPixels: number,
    rows: number,
    tokensOffset: number,
    inputOffset: number,
    items: readonly (readonly number[])[],
  ): void {
    const { parameters } = this
    parameters.begin(8 + 4 * items.length)
    parameters.u32(elementCount(output.shape), numPixels, rows, layout === 'class-major' ? 1 : 0)
    parameters.u32(tokensOffset, inputOffset, 0, 0)
    for (const item of items) parameters.logarithms(item)
  }
}
