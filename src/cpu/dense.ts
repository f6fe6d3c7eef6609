import {
  requireBoolean,
  requireCleanTokens,
  requireCodebook,
  requireDtype,
  requireInteger,
  requireLayout,
  requireLogPX0,
  requireOptions,
  requirePerItem,
  requireRows,
  requireSample,
  requireShape,
  requireTokens,
} from '../checks'
import { logPX0Names, logQNames, qPosteriorNames } from '../option_names'
import type { LayoutOption, LogPX0Options, LogQOptions, QPosteriorOptions } from '../options'
import { posteriorCoefficients } from '../process/posterior'
import { logCumulative, transitionRows } from '../process/transition_rows'
import type { CpuContext } from './context'
import { cumulatedColumn, logOnehotColumn, logPX0Column, transitionColumn } from './dense_columns'
import { gumbelMax, gumbelOfUniform } from './gumbel_max'
import { columns, floatDtypes, fromColumns, logitColumns, logitDtypes, logitsReader, readColumn } from './logits'
import { posteriorColumn } from './posterior'
import { asCpuTensor, CpuTensor, zeros } from './tensor'
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
    options: QPosteriorOptions = {},
  ): CpuTensor<Float64Array> {
    const { context } = this
    const { process } = context
    const { numCodes } = process
    context.assertUsable()
    process.requireAllClasses('qPosterior')
    const { layout = 'class-major', previousTimestep } = requireOptions('qPosterior', options, qPosteriorNames)
    requireLayout(layout)
    const x = asCpuTensor('xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const steps =
      previousTimestep === undefined
        ? process.singleSteps(timestep, batchSize)
        : process.resolveSteps(timestep, previousTimestep, batchSize)
    const logits = logitsReader(logPX0, { layout }, [batchSize, numCodes, numPixels])
    const coefficients = steps.map(({ t, u }) => posteriorCoefficients(process.schedule, t, u))
    return fromColumns(layout, [batchSize, numCodes + 1, numPixels], (token, item) =>
      posteriorColumn(readColumn(logits, token, numCodes), context.classOf(x.data, token), coefficients[item]!),
    )
  }

  gumbelNoised(logits: CpuTensor, noise: CpuTensor): CpuTensor<Float64Array> {
    this.context.assertUsable()
    const scores = asCpuTensor('logits', logits)
    const uniforms = asCpuTensor('noise', noise)
    requireDtype('logits', scores, logitDtypes)
    requireDtype('noise', uniforms, floatDtypes)
    requireShape('noise', uniforms, scores.shape, 'that of the logits')
    return new CpuTensor(
      Float64Array.from(scores.data, (logit, i) => logit + gumbelOfUniform(uniforms.data[i]!)),
      scores.shape,
    )
  }

  indexToLogOnehot(x: CpuTensor, numClasses: number, options: LayoutOption = {}): CpuTensor<Float64Array> {
    this.context.assertUsable()
    const { layout = 'class-major' } = requireOptions('indexToLogOnehot', options, { layout: true })
    requireInteger('numClasses', numClasses, 1)
    requireLayout(layout)
    const tokens = asCpuTensor('x', x)
    const { batchSize, numPixels } = requireSample('x', tokens)
    return fromColumns(layout, [batchSize, numClasses, numPixels], (token) => {
      const classIndex = tokens.data[token]! >>> 0
      if (classIndex >= numClasses) this.context.faults.data[1]!++
      return logOnehotColumn(classIndex, numClasses)
    })
  }

  logQTTransitioningToKnownClass(options: LogQOptions<CpuTensor>): CpuTensor<Float64Array> {
    const { context } = this
    const { process } = context
    const { numCodes, schedule } = process
    context.assertUsable()
    process.requireAllClasses('logQTTransitioningToKnownClass')
    const given = requireOptions('logQTTransitioningToKnownClass', options, logQNames)
    const { t, xT, cumulative, layout = 'class-major' } = given
    requireLayout(layout)
    requireBoolean('cumulative', cumulative)
    const x = asCpuTensor('xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const rows = cumulative ? numCodes : numCodes + 1
    const steps = cumulative ? process.resolveSteps(t, -1, batchSize) : process.singleSteps(t, batchSize)
    const items = steps.map((step) => transitionRows(schedule, step.t, step.u))
    return fromColumns(layout, [batchSize, rows, numPixels], (token, item) =>
      transitionColumn(context.classOf(x.data, token), rows, numCodes, items[item]!),
    )
  }

  applyCumulativeTransitions(
    q: CpuTensor,
    t: number | readonly number[],
    options: LayoutOption = {},
  ): CpuTensor<Float64Array> {
    const { numCodes, schedule } = this.context.process
    this.context.assertUsable()
    this.context.process.requireAllClasses('applyCumulativeTransitions')
    const { layout = 'class-major' } = requireOptions('applyCumulativeTransitions', options, { layout: true })
    requireLayout(layout)
    const tensor = asCpuTensor('q', q)
    const { batchSize, numPixels } = requireRows('q', tensor, layout, numCodes, logitDtypes)
    const items = requirePerItem('t', t, batchSize).map((time) => logCumulative(schedule, time))
    const logQ0 = logitColumns(tensor, layout, numCodes, numPixels)
    return fromColumns(layout, [batchSize, numCodes + 1, numPixels], (token, item) =>
      cumulatedColumn(readColumn(logQ0, token, numCodes), items[item]!),
    )
  }

  logPX0(modelOutput: CpuTensor, options: LogPX0Options<CpuTensor> = {}): CpuTensor<Float64Array> {
    const { numCodes } = this.context.process
    this.context.assertUsable()
    options = requireOptions('logPX0', options, logPX0Names)
    const { layout = 'class-major', normalise = true, truncationRate = 1, minimum = -Infinity } = options
    const tensor = asCpuTensor('modelOutput', modelOutput)
    const { batchSize, numPixels } = requireLogPX0(tensor, options, numCodes, logitDtypes)
    const logits = logitsReader(tensor, options, [batchSize, numCodes, numPixels])
    return fromColumns(options.outputLayout ?? layout, [batchSize, numCodes, numPixels], (token) =>
      logPX0Column(readColumn(logits, token, numCodes), { normalise, truncationRate, minimum }),
    )
  }

  /** `addNoise` with supplied uniforms, f32 or f64 [B, C, N]. */
  addNoise(x0: CpuTensor, t: number | readonly number[], noise: CpuTensor): CpuTensor<Uint32Array> {
    const { process } = this.context
    this.context.assertUsable()
    process.requireAllClasses('addNoise with supplied noise')
    const clean = asCpuTensor('x0', x0)
    const tensor = asCpuTensor('noise', noise)
    const { batchSize, numPixels } = requireSample('x0', clean)
    const rows = process.numCodes + 1
    process.resolveSteps(t, -1, batchSize)
    requireDtype('noise', tensor, floatDtypes)
    requireShape('noise', tensor, [batchSize, rows, numPixels], '[batch, classes, pixels]')
    const scores = this.applyCumulativeTransitions(this.indexToLogOnehot(clean, process.numCodes), t)
    const logits = columns(scores, 'class-major', rows, numPixels)
    const uniforms = columns(tensor, 'class-major', rows, numPixels)
    const draw = (token: number) => {
      const drawn = gumbelMax(readColumn(logits, token, rows), readColumn(uniforms, token, rows))
      if (drawn >= 0) return drawn
      this.context.faults.data[0]!++
      return this.context.classOf(clean.data, token)
    }
    return new CpuTensor(
      Uint32Array.from({ length: clean.size }, (_, token) => draw(token)),
      clean.shape,
    )
  }

  lookupCodebook(codebook: CpuTensor, tokens: CpuTensor): CpuTensor<Float64Array> {
    const { numCodes } = this.context.process
    this.context.assertUsable()
    const vectors = asCpuTensor('codebook', codebook)
    const x = asCpuTensor('tokens', tokens)
    const { batchSize, numPixels } = requireSample('tokens', x)
    const E = requireCodebook(vectors, numCodes, floatDtypes)
    return fromColumns('class-major', [batchSize, E, numPixels], (token) => {
      const classIndex = x.data[token]! >>> 0
      if (classIndex >= numCodes) this.context.faults.data[1]!++
      const start = Math.min(classIndex, numCodes - 1) * E
      return Float64Array.from(vectors.data.subarray(start, start + E))
    })
  }

  vbTerms(
    logPX0: CpuTensor,
    x0: CpuTensor,
    xT: CpuTensor,
    t: number | readonly number[],
    options: LayoutOption = {},
  ): VariationalTerms<CpuTensor<Float64Array>> {
    const { maskClass, numCodes, schedule } = this.context.process
    this.context.assertUsable()
    this.context.process.requireAllClasses('vbTerms')
    const { layout = 'class-major' } = requireOptions('vbTerms', options, { layout: true })
    requireLayout(layout)
    const { batchSize, numPixels } = requireSample('xT', asCpuTensor('xT', xT))
    requireSample('x0', asCpuTensor('x0', x0))
    requireShape('x0', x0, xT.shape, 'that of x_t')
    const steps = this.context.process.singleSteps(t, batchSize)
    const logits = logitsReader(logPX0, { layout }, [batchSize, numCodes, numPixels])
    const [clean, sample] = [requireTokens(x0.data, maskClass), requireTokens(xT.data, maskClass)]
    requireCleanTokens('x0', clean, numCodes)
    const coefficients = steps.map((step) => posteriorCoefficients(schedule, step.t, step.u))
    const kl = zeros(Float64Array, xT.shape)
    const decoderNll = zeros(Float64Array, xT.shape)
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
