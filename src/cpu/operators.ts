import { TokenRangeError } from '../errors'
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
} from '../operator_options'
import type { PurityRule } from '../purity'
import { logCumulative, posteriorCoefficients, transitionRows } from '../schedule'
import { SchedulerBase } from '../scheduler_base'
import {
  requireColumns,
  requireDtype,
  requireEither,
  requirePurityOptions,
  requireSample,
  requireShape,
} from '../step_options'
import { forwardThresholds } from '../thresholds'
import { columns, fromColumns, readColumn } from './columns'
import { noised } from './draw'
import { cumulatedColumn, logOnehotColumn, logPX0Column, transitionColumn } from './operator_columns'
import { gumbelOfUniform, posteriorColumn } from './posterior'
import { purities, sharpenedColumn, topProbabilities } from './purity'
import { drawWithNoise } from './step'
import { logitDtypes, logitsReader } from './step_inputs'
import { CpuTensor } from './tensor'
import { type VariationalTerms, variationalTerms } from './variational'

/**
 * The reference's operators as dense tensors in float64, those of the GPU scheduler, and the terms of the variational
 * bound. Inputs with a class axis are f32 or f64. All throw ShapeError, DtypeError or OptionError before anything
 * changes, those with a timestep TimestepError.
 */
export abstract class ReferenceOperators extends SchedulerBase {
  /** [invalid columns, impossible tokens] */
  protected readonly faults = new CpuTensor(new Uint32Array(2), [2])

  /**
   * log q(x_u | x_t), unnormalised if `logPX0` is, f64 [B, C, N] or [B, N, C] (SEMANTICS 6). Impossible classes are −∞;
   * a column with NaN or +∞ is NaN. u is t − 1 unless given.
   */
  qPosterior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    timestep: number | readonly number[],
    { layout = 'class-major', previousTimestep = oneStepBefore(timestep) }: QPosteriorOptions = {},
  ): CpuTensor<Float64Array> {
    const { batchSize, numPixels } = requireSample('xT', xT)
    const steps = this.resolveTimesteps(timestep, previousTimestep, batchSize)
    const logits = logitsReader(logPX0, { layout }, [batchSize, this.numCodes, numPixels])
    const coefficients = steps.map(({ t, u }) => posteriorCoefficients(this.schedule, t, u))
    return fromColumns(layout, [batchSize, this.numEmbed, numPixels], (token, item) =>
      posteriorColumn(readColumn(logits, token, this.numCodes), this.#classOf(xT, token), coefficients[item]!),
    )
  }

  /**
   * What purity-prior sampling makes of log p(x₀): `logProb` f64 [B, C, N], sharpened by each token's purity, and
   * `selectionWeight` f64 [B, N] (SEMANTICS 15).
   */
  purityPrior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    { layout = 'class-major', ...options }: LayoutOption & Partial<PurityRule> = {},
  ): { logProb: CpuTensor<Float64Array>; selectionWeight: CpuTensor<Float64Array> } {
    const { priorWeight, byPurity } = requirePurityOptions(options)
    const { batchSize, numPixels } = requireSample('xT', xT)
    const logits = logitsReader(logPX0, { layout }, [batchSize, this.numCodes, numPixels])
    const purity = Array.from({ length: batchSize }, (_, item) =>
      purities(topProbabilities((pixel, k) => logits(item * numPixels + pixel, k), numPixels, this.numCodes)),
    )
    const weights = Float64Array.from({ length: xT.size }, (_, token) => {
      const weight = byPurity ? purity[Math.floor(token / numPixels)]![token % numPixels]! : 1
      return this.#classOf(xT, token) === this.maskClass ? weight : 0
    })
    const logProb = fromColumns(layout, [batchSize, this.numEmbed, numPixels], (token, item) =>
      sharpenedColumn(readColumn(logits, token, this.numCodes), 1 + priorWeight * purity[item]![token % numPixels]!),
    )
    return { logProb, selectionWeight: new CpuTensor(weights, xT.shape) }
  }

  /** logits + Gumbel noise of uniforms in [0, 1], f64 of the same shape (SEMANTICS 4). */
  gumbelNoised(logits: CpuTensor, noise: CpuTensor): CpuTensor<Float64Array> {
    requireDtype('logits', logits, logitDtypes)
    requireDtype('noise', noise, logitDtypes)
    requireShape('noise', noise, logits.shape, 'that of the logits')
    return new CpuTensor(
      Float64Array.from(logits.data, (logit, i) => logit + gumbelOfUniform(noise.data[i]!)),
      logits.shape,
    )
  }

  /**
   * Tokens to log one-hot rows, f64 [B, classes, N]: 0 at the class, log(1e-30) elsewhere (SEMANTICS 4). Tokens beyond
   * the classes are counted as impossible.
   */
  indexToLogOnehot(
    x: CpuTensor,
    numClasses: number,
    { layout = 'class-major' }: LayoutOption = {},
  ): CpuTensor<Float64Array> {
    requireNumClasses(numClasses)
    const { batchSize, numPixels } = requireSample('x', x)
    return fromColumns(layout, [batchSize, numClasses, numPixels], (token) => {
      const classIndex = x.data[token]! >>> 0
      if (classIndex >= numClasses) this.faults.data[1]!++
      return logOnehotColumn(classIndex, numClasses)
    })
  }

  /**
   * log q(x_t | previous = k) of a known x_t, f64: K rows cumulated from clean data, or C rows of one step from t − 1
   * (SEMANTICS 5).
   */
  logQTTransitioningToKnownClass({
    t,
    xT,
    cumulative,
    layout = 'class-major',
  }: LogQOptions<CpuTensor>): CpuTensor<Float64Array> {
    const { batchSize, numPixels } = requireSample('xT', xT)
    const rows = cumulative ? this.numCodes : this.numEmbed
    const steps = this.resolveTimesteps(t, cumulative ? -1 : oneStepBefore(t), batchSize)
    const items = steps.map((step) => transitionRows(this.schedule, step.t, step.u))
    return fromColumns(layout, [batchSize, rows, numPixels], (token, item) =>
      transitionColumn(this.#classOf(xT, token), rows, this.numCodes, items[item]!),
    )
  }

  /** log q(x_t) of K rows log q(x₀), f64 [B, C, N] (SEMANTICS 5); t = −1 leaves the rows as they are. */
  applyCumulativeTransitions(
    q: CpuTensor,
    t: number | readonly number[],
    { layout = 'class-major' }: LayoutOption = {},
  ): CpuTensor<Float64Array> {
    const { batchSize, numPixels } = requireRows('q', q, layout, this.numCodes, logitDtypes)
    const items = this.perItem('t', t, batchSize).map((time) => logCumulative(this.schedule, time))
    const logQ0 = columns(q, layout, this.numCodes, numPixels)
    return fromColumns(layout, [batchSize, this.numEmbed, numPixels], (token, item) =>
      cumulatedColumn(readColumn(logQ0, token, this.numCodes), items[item]!),
    )
  }

  /** The pipeline's pieces on raw logits of K rows: guidance, log-softmax, truncation, clamp, f64 (SEMANTICS 10). */
  logPX0(modelOutput: CpuTensor, options: LogPX0Options<CpuTensor> = {}): CpuTensor<Float64Array> {
    const { layout = 'class-major', normalise = true, truncationRate = 1, minimum = -Infinity } = options
    const { batchSize, numPixels } = requireLogPX0(modelOutput, options, this.numCodes, logitDtypes)
    const logits = logitsReader(modelOutput, options, [batchSize, this.numCodes, numPixels])
    return fromColumns(options.outputLayout ?? layout, [batchSize, this.numCodes, numPixels], (token) =>
      logPX0Column(readColumn(logits, token, this.numCodes), { normalise, truncationRate, minimum }),
    )
  }

  /**
   * The forward process: x_t of clean tokens, u32 [B, N] (SEMANTICS 14). With a generator a draw that advances it, the
   * same tokens as on the GPU; with `noise`, uniforms [B, C, N], the draw of the paper authors' code.
   */
  addNoise(
    x0: CpuTensor,
    t: number | readonly number[],
    { generator, noise, faults = this.faults }: AddNoiseOptions<CpuTensor, CpuTensor>,
  ): CpuTensor<Uint32Array> {
    const { batchSize, numPixels } = requireSample('x0', x0)
    const times = this.resolveTimesteps(t, -1, batchSize).map((step) => step.t)
    requireEither('addNoise', 'a generator or noise', generator, noise)
    if (noise) return this.#addNoiseOf(x0, times, noise)
    const streams = generator!.streams(batchSize)
    const counter = generator!.nextCounter()
    const thresholds = times.map((time) => forwardThresholds(this.schedule, time))
    const draw = (token: number) => {
      const item = Math.floor(token / numPixels)
      const at = { stream: streams[item]!, pixel: token % numPixels, counter }
      const class0 = x0.data[token]! >>> 0
      if (class0 > this.maskClass) faults.data[1]!++
      // The mask is absorbing.
      return class0 >= this.maskClass ? this.maskClass : noised(class0, thresholds[item]!, at, this.numCodes)
    }
    return new CpuTensor(
      Uint32Array.from({ length: x0.size }, (_, token) => draw(token)),
      x0.shape,
    )
  }

  #addNoiseOf(x0: CpuTensor, times: readonly number[], noise: CpuTensor): CpuTensor<Uint32Array> {
    const [batchSize = 0, numPixels = 0] = x0.shape
    const C = this.numEmbed
    requireDtype('noise', noise, logitDtypes)
    requireColumns('noise', noise, 'class-major', [batchSize, C, numPixels])
    const scores = this.applyCumulativeTransitions(this.indexToLogOnehot(x0, this.numCodes), times)
    const sample = new CpuTensor(new Uint32Array(x0.size), x0.shape)
    const logits = columns(scores, 'class-major', C, numPixels)
    const uniforms = columns(noise, 'class-major', C, numPixels)
    // The clean tokens are in the scores already, and counted if they are no classes.
    const tokens = { sample: sample.data, prevSample: sample.data, numPixels, logits, faults: this.faults.data }
    // Scores of C rows that need no posterior.
    const withoutPosterior = times.map(() => null)
    drawWithNoise({ ...tokens, x0: undefined, known: undefined }, C, withoutPosterior, uniforms)
    return sample
  }

  /** Codebook vectors [K, E] of clean tokens [B, N], as f64 [B, E, N]. A mask is counted as impossible. */
  lookupCodebook(codebook: CpuTensor, tokens: CpuTensor): CpuTensor<Float64Array> {
    const { batchSize, numPixels } = requireSample('tokens', tokens)
    const E = requireCodebook(codebook, this.numCodes, logitDtypes)
    return fromColumns('class-major', [batchSize, E, numPixels], (token) => {
      const classIndex = tokens.data[token]! >>> 0
      if (classIndex >= this.numCodes) this.faults.data[1]!++
      const start = Math.min(classIndex, this.numCodes - 1) * E
      return Float64Array.from(codebook.data.subarray(start, start + E))
    })
  }

  /**
   * The terms of the variational bound for every token, in nats, f64 [B, N] (SEMANTICS 14): the loss of a prediction
   * is `kl` at t > 0 and `decoderNll` at t = 0. On the CPU only.
   *
   * @param logPX0 log-probabilities of x₀ as `logPX0` normalises them, f32 or f64 [B, K, N] or [B, N, K] by `layout`; a
   *   column with NaN or +∞ gives NaN
   * @param x0 the clean tokens, u32 or i32 [B, N]
   * @param xT x_t, u32 or i32 [B, N]
   * @throws also TokenRangeError unless x₀ holds classes 0 to K − 1 and x_t those or the mask
   */
  vbTerms(
    logPX0: CpuTensor,
    x0: CpuTensor,
    xT: CpuTensor,
    t: number | readonly number[],
    { layout = 'class-major' }: LayoutOption = {},
  ): VariationalTerms<CpuTensor<Float64Array>> {
    const { batchSize, numPixels } = requireSample('xT', xT)
    requireSample('x0', x0)
    requireShape('x0', x0, xT.shape, 'that of x_t')
    const steps = this.resolveTimesteps(t, oneStepBefore(t), batchSize)
    const logits = logitsReader(logPX0, { layout }, [batchSize, this.numCodes, numPixels])
    const [clean, sample] = [this.requireTokens(x0.data), this.requireTokens(xT.data)]
    const masked = clean.indexOf(this.maskClass)
    if (masked >= 0) throw new TokenRangeError(`x0 needs clean tokens; given the mask at position ${masked}.`)
    const coefficients = steps.map((step) => posteriorCoefficients(this.schedule, step.t, step.u))
    const kl = new CpuTensor(new Float64Array(xT.size), xT.shape)
    const decoderNll = new CpuTensor(new Float64Array(xT.size), xT.shape)
    for (let token = 0; token < xT.size; token++) {
      const posterior = (column: Float64Array) =>
        posteriorColumn(column, sample[token]!, coefficients[Math.floor(token / numPixels)]!)
      const truth = posterior(logOnehotColumn(clean[token]!, this.numCodes))
      const model = posterior(readColumn(logits, token, this.numCodes))
      const terms = variationalTerms(truth, model, clean[token]!)
      kl.data[token] = terms.kl
      decoderNll.data[token] = terms.decoderNll
    }
    return { kl, decoderNll }
  }

  /** A token as a class; what is no class is read as the mask. */
  #classOf(x: CpuTensor, token: number): number {
    return Math.min(x.data[token]! >>> 0, this.maskClass)
  }
}
