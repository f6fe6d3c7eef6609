import { requireGenerator, requireOptions, requireSameEnd, requireSample } from '../../checks'
import type { CpuContext } from '../../cpu/context'
import { drawX0, type PixelStream } from '../../cpu/draw'
import {
  asLogit,
  type ColumnReader,
  fromColumns,
  isInvalid,
  logitsInRange,
  logitsReader,
  readColumn,
} from '../../cpu/logits'
import { exponential, Purpose, pixelKey } from '../../cpu/random'
import { softmaxOf } from '../../cpu/softmax'
import type { ReverseStep } from '../../cpu/step'
import { requireOutput } from '../../cpu/step_tensors'
import { asCpuTensor, type CpuArray, CpuTensor } from '../../cpu/tensor'
import type { LayoutOption, PurityOptions, PurityRule, VQDiffusionSchedulerOutput } from '../../options'
import { highest, logSumExp } from '../../process/log_space'
import type { PossibleTokens } from '../../process/routes'
import { append } from '../../process/schedule'
import { priorNames, purityNames, purityQuota, type RevealRule, requirePurityOptions, revealedByCall } from './purity'

export interface CpuPurityOptions extends PurityOptions<CpuTensor, CpuTensor> {
  /** Where invalid input is counted, u32 [2]; by default the scheduler's own counters. */
  readonly faults?: CpuTensor
}

/** One checked step of one batch item; arrays hold its N tokens. */
interface RevealCall extends RevealRule {
  readonly logits: ColumnReader
  readonly sample: CpuArray
  readonly prevSample: CpuArray
  /** [invalid columns, impossible tokens] */
  readonly faults: CpuArray
  /** Tokens that are revealed when the step is done. */
  readonly quota: number
  readonly possible: PossibleTokens
  readonly at: Omit<PixelStream, 'pixel'>
}

/** Purity-prior sampling (docs/MATH.md#purity), token by token. */
export class PuritySampler {
  /** @param reverseStep draws the last step of a chain */
  constructor(
    private readonly context: CpuContext,
    private readonly reverseStep: ReverseStep,
  ) {}

  /** See `VQDiffusionScheduler.purityStep`. */
  step(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuPurityOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    const { context } = this
    const { process } = context
    context.assertUsable()
    options = requireOptions('purityStep', options, purityNames)
    const { generator, out } = options
    requireGenerator('purityStep', generator)
    const rule = requirePurityOptions(options)
    const x = asCpuTensor('sample', sample)
    const { batchSize, numPixels } = requireSample('sample', x)
    process.requirePixels('sample', numPixels)
    const steps = process.resolveSteps(timestep, options.previousTimestep, batchSize)
    if (requireSameEnd(steps)) {
      const { priorWeight, byPurity, tokensPerCall, ...plain } = options
      return this.reverseStep.step(modelOutput, timestep, sample, plain)
    }
    const reader = logitsReader(modelOutput, options, [batchSize, process.numCodes, numPixels])
    const logits = logitsInRange(reader, process, numPixels)
    const streams = generator.streams(batchSize)
    const inputs = [x, modelOutput, options.guidance?.unconditional]
    const faults = context.faultsOf(options.faults, inputs)
    const used = [...inputs, faults]
    if (out !== undefined) requireOutput('out', out, used, x)
    const prevSample = out ?? context.emptyTokens(x.shape)
    const counter = generator.nextCounter()
    for (const [item, step] of steps.entries())
      this.#revealItem({
        ...rule,
        logits: (pixel, into) => logits(item * numPixels + pixel, into),
        sample: x.data.subarray(item * numPixels, (item + 1) * numPixels),
        prevSample: prevSample.data.subarray(item * numPixels, (item + 1) * numPixels),
        faults: faults.data,
        quota: purityQuota(process.schedule, step.u, numPixels),
        possible: process.thresholds(step),
        at: { stream: streams[item]!, counter },
      })
    return { prevSample }
  }

  /** See `VQDiffusionScheduler.purityPrior`. */
  prior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    options: LayoutOption & Partial<PurityRule> = {},
  ): { logProb: CpuTensor<Float64Array>; selectionWeight: CpuTensor<Float64Array> } {
    const { context } = this
    const { numCodes, maskClass } = context.process
    context.assertUsable()
    context.process.requireAllClasses('purityPrior')
    const { layout = 'class-major', ...given } = requireOptions('purityPrior', options, priorNames)
    const { priorWeight, byPurity } = requirePurityOptions({ layout, ...given })
    const { batchSize, numPixels } = requireSample('xT', asCpuTensor('xT', xT))
    const logits = logitsReader(logPX0, { layout }, [batchSize, numCodes, numPixels])
    const top = topProbabilities(logits, xT.size, numCodes)
    context.faults.data[0]! += invalidColumns(top)
    const purity = Array.from({ length: batchSize }, (_, item) =>
      purities(top.subarray(item * numPixels, (item + 1) * numPixels)),
    )
    const weights = Float64Array.from({ length: xT.size }, (_, token) => {
      const weight = byPurity ? purity[Math.floor(token / numPixels)]![token % numPixels]! : 1
      return context.classOf(xT.data, token) === maskClass ? weight : 0
    })
    const logProb = fromColumns(layout, [batchSize, numCodes + 1, numPixels], (token, item) =>
      sharpenedColumn(readColumn(logits, token, numCodes), 1 + priorWeight * purity[item]![token % numPixels]!),
    )
    return { logProb, selectionWeight: new CpuTensor(weights, xT.shape) }
  }

  /** Reveals the chosen tokens of one item, each drawn from p^(1 + r·π), and keeps the others. */
  #revealItem(call: RevealCall): void {
    const { priorWeight, byPurity, tokensPerCall, logits, sample, prevSample, faults, quota, possible, at } = call
    const { numCodes, maskClass } = this.context.process
    const numPixels = sample.length
    const top = topProbabilities(logits, numPixels, numCodes)
    faults[0]! += invalidColumns(top)
    const purity = purities(top)
    let revealed = 0
    for (let pixel = 0; pixel < numPixels; pixel++) {
      const classT = this.context.countedClassOf(sample, pixel, faults, possible, this.context.process.rangeOf(pixel))
      prevSample[pixel] = classT
      if (classT !== maskClass) revealed++
    }
    const weights = byPurity ? purity : new Float64Array(numPixels).fill(1)
    const isMasked = (pixel: number) => prevSample[pixel] === maskClass
    const wanted = revealedByCall(quota - revealed, tokensPerCall)
    for (const pixel of chooseTokens(weights, isMasked, wanted, at)) {
      const column = sharpened(readColumn(logits, pixel, numCodes), 1 + priorWeight * purity[pixel]!)
      const drawn = drawX0(column, { ...at, pixel })
      prevSample[pixel] = drawn ?? maskClass
      // Columns of purity 0 are counted already.
      if (drawn === null && purity[pixel]! > 0) faults[0]!++
    }
  }
}

/** max_k p(x₀ = k) of each token; 0 for a column from which nothing can be drawn. */
function topProbabilities(logits: ColumnReader, numTokens: number, numCodes: number): Float64Array {
  const column = new Float64Array(numCodes)
  return Float64Array.from({ length: numTokens }, (_, token) => {
    const { high, total } = softmaxOf(logits(token, column))
    return Number.isFinite(high) ? 1 / total : 0
  })
}

/** The number of columns from which nothing can be drawn. */
function invalidColumns(top: Float64Array): number {
  return top.filter((probability) => probability === 0).length
}

/** Logits of p^exponent. */
function sharpened(logits: Float64Array, exponent: number): Float64Array {
  return logits.map((logit) => asLogit(exponent * logit))
}

/** Purity of the tokens of one item: the top probabilities, relative to the highest. */
function purities(top: Float64Array): Float64Array {
  const highestTop = highest(top)
  return top.map((probability) => probability / (highestTop + 1e-10))
}

/**
 * The sharpened prediction, C rows: log-softmax of the logits times the exponent, the row of the mask −70 before
 * sharpening, clamped to [−70, 0]. NaN if a logit is NaN or +∞.
 */
function sharpenedColumn(logits: Float64Array, exponent: number): Float64Array {
  const terms = sharpened(append(logits, -70), exponent)
  if (terms.some(isInvalid)) return terms.fill(NaN)
  const total = logSumExp(terms)
  return terms.map((term) => Math.min(0, Math.max(-70, term - total)))
}

/** The latent pixels to reveal: `wanted` of the masked ones, without replacement, by Gumbel top-k of the weights. */
function chooseTokens(
  weights: Float64Array,
  isMasked: (pixel: number) => boolean,
  wanted: number,
  at: Omit<PixelStream, 'pixel'>,
): number[] {
  const key = (pixel: number) => {
    const [word, tail] = pixelKey(at.stream, pixel, at.counter, Purpose.selection)
    return Math.log(weights[pixel]!) - Math.log(exponential(word, () => tail))
  }
  return [...weights.keys()]
    .filter((pixel) => isMasked(pixel) && weights[pixel]! > 0)
    .map((pixel) => ({ pixel, key: key(pixel) }))
    .sort((a, b) => b.key - a.key || a.pixel - b.pixel)
    .slice(0, Math.max(0, wanted))
    .map(({ pixel }) => pixel)
}
