import {
  requireCodebook,
  requireColumns,
  requireDtype,
  requireLayout,
  requireLogPX0,
  requireNumClasses,
  requirePerItem,
  requireRows,
  requireSample,
  requireShape,
  requireTokens,
} from '../checks'
import { TokenRangeError } from '../errors'
import type { LayoutOption, LogPX0Options, LogQOptions, QPosteriorOptions } from '../options'
import { posteriorCoefficients } from '../process/posterior'
import { oneStepBefore } from '../process/timesteps'
import { logCumulative, transitionRows } from '../process/transition_rows'
import type { CpuContext } from './context'
import { cumulatedColumn, logOnehotColumn, logPX0Column, transitionColumn } from './dense_columns'
import { gumbelMax, gumbelOfUniform } from './gumbel_max'
import { columns, fromColumns, logitDtypes, logitsReader, readColumn } from './logits'
import { posteriorColumn } from './posterior'
import { CpuTensor } from './tensor'
import { type VariationalTerms, variationalTerms } from './variational'

/**
 * The operators of diffusers' scheduler and pipeline as dense tensors in float64, and the variational terms. See the
 * methods of the same names of `VQDiffusionScheduler`.
 */
export class DenseOperators {
  constructor(private readonly context: CpuContext) {}

  qPosterior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    timestep: number | readonly number[],
    { layout = 'class-major', previousTimestep = oneStepBefore(timestep) }: QPosteriorOptions = {},
  ): CpuTensor<Float64Array> {
    const { context } = this
    const { process } = context
    const { numCodes } = process
    requireLayout(layout)
    const { batchSize, numPixels } = requireSample('xT', xT)
    const steps = process.resolveSteps(timestep, previousTimestep, batchSize)
    const logits = logitsReader(logPX0, { layout }, [batchSize, numCodes, numPixels])
    const coefficients = steps.map(({ t, u }) => posteriorCoefficients(process.schedule, t, u))
    return fromColumns(layout, [batchSize, numCodes + 1, numPixels], (token, item) =>
      posteriorColumn(readColumn(logits, token, numCodes), context.classOf(xT.data, token), coefficients[item]!),
    )
  }

  gumbelNoised(logits: CpuTensor, noise: CpuTensor): CpuTensor<Float64Array> {
    requireDtype('logits', logits, logitDtypes)
    requireDtype('noise', noise, logitDtypes)
    requireShape('noise', noise, logits.shape, 'that of the logits')
    return new CpuTensor(
      Float64Array.from(logits.data, (logit, i) => logit + gumbelOfUniform(noise.data[i]!)),
      logits.shape,
    )
  }

  indexToLogOnehot(
    x: CpuTensor,
    numClasses: number,
    { layout = 'class-major' }: LayoutOption = {},
  ): CpuTensor<Float64Array> {
    requireNumClasses(numClasses)
    requireLayout(layout)
    const { batchSize, numPixels } = requireSample('x', x)
    return fromColumns(layout, [batchSize, numClasses, numPixels], (token) => {
      const classIndex = x.data[token]! >>> 0
      if (classIndex >= numClasses) this.context.faults.data[1]!++
      return logOnehotColumn(classIndex, numClasses)
    })
  }

  logQTTransitioningToKnownClass({
    t,
    xT,
    cumulative,
    layout = 'class-major',
  }: LogQOptions<CpuTensor>): CpuTensor<Float64Array> {
    const { context } = this
    const { numCodes, schedule } = context.process
    requireLayout(layout)
    const { batchSize, numPixels } = requireSample('xT', xT)
    const rows = cumulative ? numCodes : numCodes + 1
    const steps = context.process.resolveSteps(t, cumulative ? -1 : oneStepBefore(t), batchSize)
    const items = steps.map((step) => transitionRows(schedule, step.t, step.u))
    return fromColumns(layout, [batchSize, rows, numPixels], (token, item) =>
      transitionColumn(context.classOf(xT.data, token), rows, numCodes, items[item]!),
    )
  }

  applyCumulativeTransitions(
    q: CpuTensor,
    t: number | readonly number[],
    { layout = 'class-major' }: LayoutOption = {},
  ): CpuTensor<Float64Array> {
    const { numCodes, schedule } = this.context.process
    requireLayout(layout)
    const { batchSize, numPixels } = requireRows('q', q, layout, numCodes, logitDtypes)
    const items = requirePerItem('t', t, batchSize).map((time) => logCumulative(schedule, time))
    const logQ0 = columns(q, layout, numCodes, numPixels)
    return fromColumns(layout, [batchSize, numCodes + 1, numPixels], (token, item) =>
      cumulatedColumn(readColumn(logQ0, token, numCodes), items[item]!),
    )
  }

  logPX0(modelOutput: CpuTensor, options: LogPX0Options<CpuTensor> = {}): CpuTensor<Float64Array> {
    const { numCodes } = this.context.process
    const { layout = 'class-major', normalise = true, truncationRate = 1, minimum = -Infinity } = options
    const { batchSize, numPixels } = requireLogPX0(modelOutput, options, numCodes, logitDtypes)
    const logits = logitsReader(modelOutput, options, [batchSize, numCodes, numPixels])
    return fromColumns(options.outputLayout ?? layout, [batchSize, numCodes, numPixels], (token) =>
      logPX0Column(readColumn(logits, token, numCodes), { normalise, truncationRate, minimum }),
    )
  }

  /** `addNoise` with supplied uniforms, f32 or f64 [B, C, N]. */
  addNoise(x0: CpuTensor, t: number | readonly number[], noise: CpuTensor): CpuTensor<Uint32Array> {
    const { process } = this.context
    const { batchSize, numPixels } = requireSample('x0', x0)
    process.resolveSteps(t, -1, batchSize)
    const rows = process.numCodes + 1
    requireDtype('noise', noise, logitDtypes)
    requireColumns('noise', noise, 'class-major', [batchSize, rows, numPixels])
    const scores = this.applyCumulativeTransitions(this.indexToLogOnehot(x0, process.numCodes), t)
    const logits = columns(scores, 'class-major', rows, numPixels)
    const uniforms = columns(noise, 'class-major', rows, numPixels)
    const draw = (token: number) => gumbelMax(readColumn(logits, token, rows), (k) => uniforms(token, k))
    return new CpuTensor(
      Uint32Array.from({ length: x0.size }, (_, token) => draw(token)),
      x0.shape,
    )
  }

  lookupCodebook(codebook: CpuTensor, tokens: CpuTensor): CpuTensor<Float64Array> {
    const { numCodes } = this.context.process
    const { batchSize, numPixels } = requireSample('tokens', tokens)
    const E = requireCodebook(codebook, numCodes, logitDtypes)
    return fromColumns('class-major', [batchSize, E, numPixels], (token) => {
      const classIndex = tokens.data[token]! >>> 0
      if (classIndex >= numCodes) this.context.faults.data[1]!++
      const start = Math.min(classIndex, numCodes - 1) * E
      return Float64Array.from(codebook.data.subarray(start, start + E))
    })
  }

  vbTerms(
    logPX0: CpuTensor,
    x0: CpuTensor,
    xT: CpuTensor,
    t: number | readonly number[],
    { layout = 'class-major' }: LayoutOption = {},
  ): VariationalTerms<CpuTensor<Float64Array>> {
    const { maskClass, numCodes, schedule } = this.context.process
    requireLayout(layout)
    const { batchSize, numPixels } = requireSample('xT', xT)
    requireSample('x0', x0)
    requireShape('x0', x0, xT.shape, 'that of x_t')
    const steps = this.context.process.resolveSteps(t, oneStepBefore(t), batchSize)
    const logits = logitsReader(logPX0, { layout }, [batchSize, numCodes, numPixels])
    const [clean, sample] = [requireTokens(x0.data, maskClass), requireTokens(xT.data, maskClass)]
    const masked = clean.indexOf(maskClass)
    if (masked >= 0) throw new TokenRangeError(`x0 needs clean tokens; given the mask at position ${masked}.`)
    const coefficients = steps.map((step) => posteriorCoefficients(schedule, step.t, step.u))
    const kl = new CpuTensor(new Float64Array(xT.size), xT.shape)
    const decoderNll = new CpuTensor(new Float64Array(xT.size), xT.shape)
    for (let token = 0; token < xT.size; token++) {
      const posterior = (column: Float64Array) =>
        posteriorColumn(column, sample[token]!, coefficients[Math.floor(token / numPixels)]!)
      const truth = posterior(logOnehotColumn(clean[token]!, numCodes))
      const model = posterior(readColumn(logits, token, numCodes))
      const terms = variationalTerms(truth, model, clean[token]!)
      kl.data[token] = terms.kl
      decoderNll.data[token] = terms.decoderNll
    }
    return { kl, decoderNll }
  }
}
