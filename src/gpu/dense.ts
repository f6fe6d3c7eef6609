import applyCumulative from '../../shaders/apply_cumulative.wgsl'
import codebookShader from '../../shaders/codebook.wgsl'
import guide from '../../shaders/guide.wgsl'
import gumbelNoised from '../../shaders/gumbel_noised.wgsl'
import logOnehot from '../../shaders/log_onehot.wgsl'
import posterior from '../../shaders/posterior.wgsl'
import transitionShader from '../../shaders/transition.wgsl'
import {
  requireBoolean,
  requireCodebook,
  requireDtype,
  requireInteger,
  requireLayout,
  requireLogPX0,
  requireMethod,
  requireOptions,
  requirePerItem,
  requireRows,
  requireSample,
  requireShape,
  truncates,
} from '../checks'
import { logPX0Names, logQNames, qPosteriorNames } from '../option_names'
import type { Layout, LayoutOption, LogPX0Options, LogQOptions, QPosteriorOptions } from '../options'
import { logFloor } from '../process/log_space'
import { posteriorCoefficients } from '../process/posterior'
import { logCumulative, transitionRows } from '../process/transition_rows'
import type { GpuContext } from './context'
import { GumbelMax, posteriorParameters } from './gumbel_max'
import type { Buffers } from './kernels'
import {
  isClassMajor,
  type LogitsSource,
  type LogitsTensor,
  logitDtypes,
  logitsBuffers,
  logitsFeatures,
  logitsParameters,
  logitsSource,
} from './logits'
import { finiteLog, ParameterBuffer, type ParameterValue } from './parameters'
import type { Shader } from './shader'
import { asGpuTensor, GpuTensor } from './tensor'
import { columnWorkgroups, overrideConstants } from './workgroups'

/**
 * The operators of diffusers' scheduler and pipeline as dense tensors, the part of `VQDiffusionScheduler` with the methods of
 * these names. Shapes: B batch items, N latent pixels, K ordinary classes, C = K + 1 classes with the mask.
 *
 * Methods throw ShapeError, DtypeError, TimestepError, OptionError, DeviceMismatchError, DestroyedError or DeviceLostError
 * before anything is enqueued.
 */
export class DenseOperators {
  readonly #gumbelMax: GumbelMax
  readonly #parameters = new Map<Shader, ParameterBuffer>()

  /** Compiles each operator at its first use. */
  constructor(private readonly context: GpuContext) {
    requireMethod('context', context, 'assertUsable', 'a GpuContext')
    this.#gumbelMax = new GumbelMax(context)
  }

  /**
   * log q(x_u | x_t) from log p(x₀), f32 [B, C, N] or [B, N, C], unnormalised if `logPX0` is (docs/MATH.md#posterior).
   * Impossible classes are −∞; a column with NaN or +∞ is NaN. u is t − 1 by default.
   */
  qPosterior(
    logPX0: LogitsTensor,
    xT: GpuTensor,
    timestep: number | readonly number[],
    options: QPosteriorOptions = {},
  ): GpuTensor<'f32'> {
    const { context } = this
    const { process } = context
    context.assertUsable()
    process.requireAllClasses('qPosterior')
    const { layout = 'class-major', previousTimestep } = requireOptions('qPosterior', options, qPosteriorNames)
    requireLayout(layout)
    const x = asGpuTensor(context.device, 'xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const steps =
      previousTimestep === undefined
        ? process.singleSteps(timestep, batchSize)
        : process.resolveSteps(timestep, previousTimestep, batchSize)
    const logits = logitsSource(context.device, logPX0, { layout }, [batchSize, process.numCodes, numPixels])
    const rows = process.numCodes + 1
    const output = context.emptyRows(layout, batchSize, rows, numPixels, 'vqd/log_posterior')
    const coefficients = steps.map(({ t, u }) => posteriorCoefficients(process.schedule, t, u))
    const parameters = { logits, sample: x, output, rows, batchSize, numPixels, coefficients }
    this.#submitColumns(posterior, logits, batchSize * numPixels, posteriorParameters(parameters), {
      x_t: x.buffer,
      log_p_x_prev: output.buffer,
    })
    return output
  }

  /** logits + Gumbel noise of uniforms in [0, 1], f32 of the same shape (docs/MATH.md#gumbel-noise). */
  gumbelNoised(logits: LogitsTensor, noise: LogitsTensor): GpuTensor<'f32'> {
    const { context } = this
    context.assertUsable()
    const scores = asGpuTensor(context.device, 'logits', logits)
    const uniforms = asGpuTensor(context.device, 'noise', noise)
    requireDtype('logits', scores, logitDtypes)
    requireDtype('noise', uniforms, ['f32'])
    requireShape('noise', uniforms, scores.shape, 'that of the logits')
    const output = GpuTensor.empty(context.device, scores.shape, 'f32', 'vqd/gumbel_noised')
    const parameters = { size: scores.size, logits_offset: scores.offset, noise_offset: uniforms.offset }
    const buffers = { conditional: scores.buffer, noise: uniforms.buffer, noised: output.buffer }
    this.#submitElements(gumbelNoised, output.size, parameters, buffers, { F16: scores.dtype === 'f16' })
    return output
  }

  /**
   * Log one-hot rows of tokens [B, N], f32 [B, classes, N] or [B, N, classes]: 0 at the class, log(1e-30) elsewhere
   * (docs/MATH.md#log-one-hot). Tokens beyond the classes are counted as impossible.
   */
  indexToLogOnehot(x: GpuTensor, numClasses: number, options: LayoutOption = {}): GpuTensor<'f32'> {
    const { context } = this
    context.assertUsable()
    const { layout = 'class-major' } = requireOptions('indexToLogOnehot', options, { layout: true })
    requireInteger('numClasses', numClasses, 1)
    requireLayout(layout)
    const tokens = asGpuTensor(context.device, 'x', x)
    const { batchSize, numPixels } = requireSample('x', tokens)
    const output = context.emptyRows(layout, batchSize, numClasses, numPixels, 'vqd/log_onehot')
    const parameters = rowsParameters(output, layout, numClasses, numPixels, [[logFloor]], { tokens })
    const buffers = { tokens: tokens.buffer, log_onehot: output.buffer, faults: context.faults.buffer }
    this.#submitElements(logOnehot, output.size, parameters, buffers, {}, {})
    return output
  }

  /**
   * log q(x_t | previous = k) of a known x_t, f32: K rows cumulated from clean data, or C rows of one step from t − 1
   * (docs/MATH.md#transition-rows).
   */
  logQTTransitioningToKnownClass(options: LogQOptions<GpuTensor>): GpuTensor<'f32'> {
    const { context } = this
    const { numCodes, schedule } = context.process
    context.assertUsable()
    context.process.requireAllClasses('logQTTransitioningToKnownClass')
    const given = requireOptions('logQTTransitioningToKnownClass', options, logQNames)
    const { t, xT, cumulative, layout = 'class-major' } = given
    requireLayout(layout)
    requireBoolean('cumulative', cumulative)
    const x = asGpuTensor(context.device, 'xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const { process } = context
    const steps = cumulative ? process.resolveSteps(t, -1, batchSize) : process.singleSteps(t, batchSize)
    const rows = cumulative ? numCodes : numCodes + 1
    const output = context.emptyRows(layout, batchSize, rows, numPixels, 'vqd/log_q')
    const items = steps.map((step) => transitionRows(schedule, step.t, step.u))
    const parameters = rowsParameters(output, layout, rows, numPixels, items, { tokens: x })
    this.#submitElements(transitionShader, output.size, parameters, { x_t: x.buffer, log_q: output.buffer })
    return output
  }

  /**
   * log q(x_t), f32 with C rows, of K rows log q(x₀) (docs/MATH.md#cumulative-transitions). t = −1 leaves the K rows
   * unchanged.
   */
  applyCumulativeTransitions(
    q: LogitsTensor,
    t: number | readonly number[],
    options: LayoutOption = {},
  ): GpuTensor<'f32'> {
    const { context } = this
    const { numCodes, schedule } = context.process
    context.assertUsable()
    context.process.requireAllClasses('applyCumulativeTransitions')
    const { layout = 'class-major' } = requireOptions('applyCumulativeTransitions', options, { layout: true })
    requireLayout(layout)
    const tensor = asGpuTensor(context.device, 'q', q)
    const { batchSize, numPixels } = requireRows('q', tensor, layout, numCodes, logitDtypes)
    const items = requirePerItem('t', t, batchSize).map((time) => logCumulative(schedule, time))
    const output = context.emptyRows(layout, batchSize, numCodes + 1, numPixels, 'vqd/log_q')
    const parameters = rowsParameters(output, layout, numCodes + 1, numPixels, items, { input: tensor })
    const buffers = { conditional: tensor.buffer, log_q_t: output.buffer }
    this.#submitElements(applyCumulative, output.size, parameters, buffers, { F16: tensor.dtype === 'f16' })
    return output
  }

  /**
   * log p(x₀) of raw logits, f32 with K rows: guidance, log-softmax, truncation and clamp as in the pipeline of
   * diffusers, each optional (docs/MATH.md#pipeline).
   */
  logPX0(modelOutput: LogitsTensor, options: LogPX0Options<LogitsTensor> = {}): GpuTensor<'f32'> {
    const { context } = this
    const { numCodes } = context.process
    context.assertUsable()
    options = requireOptions('logPX0', options, logPX0Names)
    const { layout = 'class-major', normalise = true, truncationRate = 1, minimum = -Infinity } = options
    const tensor = asGpuTensor(context.device, 'modelOutput', modelOutput)
    const { batchSize, numPixels } = requireLogPX0(tensor, options, numCodes, logitDtypes)
    const logits = logitsSource(context.device, tensor, options, [batchSize, numCodes, numPixels])
    const outputLayout = options.outputLayout ?? layout
    const output = context.emptyRows(outputLayout, batchSize, numCodes, numPixels, 'vqd/log_p_x_0')
    const columns = batchSize * numPixels
    const parameters = {
      ...logitsParameters(logits),
      num_tokens: columns,
      num_pixels: numPixels,
      class_major: isClassMajor(layout),
      output_class_major: isClassMajor(outputLayout),
      normalise: normalise ? 1 : 0,
      truncation_rate: truncates(truncationRate) ? truncationRate : 1,
      minimum: minimum > -1e29 ? minimum : -3.4e38, // WGSL need not have infinities
    }
    this.#submitColumns(guide, logits, columns, parameters, { log_p_x_0: output.buffer })
    return output
  }

  /** `addNoise` with supplied uniforms, f32 [B, C, N]. */
  addNoise(x0: GpuTensor, t: number | readonly number[], noise: LogitsTensor): GpuTensor<'u32'> {
    const { context } = this
    const { numCodes } = context.process
    context.assertUsable()
    context.process.requireAllClasses('addNoise with supplied noise')
    const clean = asGpuTensor(context.device, 'x0', x0)
    const uniforms = asGpuTensor(context.device, 'noise', noise)
    const { batchSize, numPixels } = requireSample('x0', clean)
    const rows = numCodes + 1
    context.process.resolveSteps(t, -1, batchSize)
    requireDtype('noise', uniforms, ['f32'])
    requireShape('noise', uniforms, [batchSize, rows, numPixels], '[batch, classes, pixels]')
    const onehot = this.indexToLogOnehot(clean, numCodes)
    const scores = this.applyCumulativeTransitions(onehot, t)
    const output = context.emptyTokens(clean.shape, 'vqd/sample')
    const call = {
      logits: { conditional: scores, unconditional: undefined, scale: 1, layout: 'class-major' as const },
      sample: clean,
      noise: uniforms,
      output,
      faults: context.faults,
      rows,
      batchSize,
      numPixels,
      coefficients: [],
    }
    context.submit('vqd/add_noise', (encoder) => this.#gumbelMax.encodeDraw(encoder, call))
    for (const tensor of [onehot, scores]) tensor.destroy()
    return output
  }

  /**
   * Codebook vectors of clean tokens [B, N], f32 [B, E, N], from a codebook f32 [K, E] (docs/MATH.md#codebook). A mask
   * is counted as impossible.
   */
  lookupCodebook(codebook: GpuTensor, tokens: GpuTensor): GpuTensor<'f32'> {
    const { context } = this
    const { numCodes } = context.process
    context.assertUsable()
    const vectors = asGpuTensor(context.device, 'codebook', codebook)
    const x = asGpuTensor(context.device, 'tokens', tokens)
    const { batchSize, numPixels } = requireSample('tokens', x)
    const E = requireCodebook(vectors, numCodes, ['f32'])
    const output = GpuTensor.empty(context.device, [batchSize, E, numPixels], 'f32', 'vqd/embeddings')
    const parameters = {
      size: output.size,
      num_pixels: numPixels,
      embedding_size: E,
      tokens_offset: x.offset,
      codebook_offset: vectors.offset,
    }
    this.#submitElements(codebookShader, output.size, parameters, {
      tokens: x.buffer,
      codebook: vectors.buffer,
      embeddings: output.buffer,
      faults: context.faults.buffer,
    })
    return output
  }

  /** Submits a kernel that works on columns of logits. */
  #submitColumns(shader: Shader, logits: LogitsSource, columns: number, values: ParameterValue, others: Buffers): void {
    if (columns === 0) return
    const { kernels, launchShapes, process } = this.context
    const shape = launchShapes.columns(process.numCodes, logits.layout)
    const buffers = { ...logitsBuffers(logits), ...others, parameters: this.#upload(shader, values) }
    const variant = {
      shader,
      features: logitsFeatures(logits),
      constants: overrideConstants(process.numCodes, shape),
      bindings: Object.keys(buffers),
    }
    const label = `vqd/${shader.name}`
    this.context.submit(label, (encoder) => {
      const pass = encoder.beginComputePass({ label })
      kernels.dispatch(pass, kernels.get(variant), buffers, columnWorkgroups(kernels.device, columns, shape))
      pass.end()
    })
  }

  /** Submits a kernel that gives each element of the output an invocation. */
  #submitElements(
    shader: Shader,
    count: number,
    values: ParameterValue,
    others: Buffers,
    features: { F16?: boolean } = {},
    constants: Record<string, number> = { NUM_CODES: this.context.process.numCodes },
  ): void {
    if (count === 0) return
    const buffers = { ...others, parameters: this.#upload(shader, values) }
    this.context.submitElements({ shader, features, constants, bindings: Object.keys(buffers) }, count, buffers)
  }

  #upload(shader: Shader, values: ParameterValue): GPUBuffer {
    const { context } = this
    const existing = this.#parameters.get(shader)
    const parameters =
      existing ?? context.own(new ParameterBuffer(context.device, `vqd/${shader.name}/parameters`, shader))
    this.#parameters.set(shader, parameters)
    return parameters.upload(values)
  }
}

/** The struct Rows of lib/rows.wgsl; each kernel documents its items, up to four logarithms. */
function rowsParameters(
  output: GpuTensor,
  layout: Layout,
  rows: number,
  numPixels: number,
  items: readonly (readonly number[])[],
  { tokens, input }: { tokens?: GpuTensor; input?: GpuTensor },
): ParameterValue {
  return {
    size: output.size,
    num_pixels: numPixels,
    rows,
    class_major: isClassMajor(layout),
    tokens_offset: tokens?.offset ?? 0,
    input_offset: input?.offset ?? 0,
    items: items.map((item) => item.map(finiteLog)),
  }
}
