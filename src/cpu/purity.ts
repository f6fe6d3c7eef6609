import { append } from '../schedule'
import { type ColumnReader, highest } from './columns'
import { drawX0, type PixelStream } from './draw'
import { exponential, Purpose, pixelKey } from './random'
import type { CpuArray } from './tensor'

/** max_k p(x₀ = k) of each token; 0 for a worthless column. */
export function topProbabilities(logits: ColumnReader, numTokens: number, numCodes: number): Float64Array {
  return Float64Array.from({ length: numTokens }, (_, token) => {
    const column = Float64Array.from({ length: numCodes }, (_, k) => logits(token, k))
    const high = highest(column)
    if (!Number.isFinite(high)) return 0
    return 1 / column.reduce((sum, logit) => sum + Math.exp(logit - high), 0)
  })
}

/** Purity of the tokens of one item: the top probabilities, relative to the highest (SEMANTICS 15). */
export function purities(top: Float64Array): Float64Array {
  const surest = highest(top)
  return top.map((probability) => probability / (surest + 1e-10))
}

/**
 * The reference's sharpened prediction, C rows: log-softmax of the exponent times the logits, the mask's at −70 before
 * sharpening, clamped to [−70, 0].
 */
export function sharpenedColumn(logits: Float64Array, exponent: number): Float64Array {
  const terms = append(logits, -70).map((logit) => exponent * logit)
  const high = highest(terms)
  const total = high + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - high), 0))
  return terms.map((term) => Math.min(0, Math.max(-70, term - total)))
}

/** The latent pixels of an item to reveal: `wanted` of the masked ones, without replacement, by Gumbel top-k of the weights. */
export function chooseTokens(
  weights: Float64Array,
  isMasked: (pixel: number) => boolean,
  wanted: number,
  at: Omit<PixelStream, 'pixel'>,
): number[] {
  const key = (pixel: number) => {
    const [word, tail] = pixelKey(at.stream, pixel, at.counter, Purpose.select)
    return Math.log(weights[pixel]!) - Math.log(exponential(word, () => tail))
  }
  return [...weights.keys()]
    .filter((pixel) => isMasked(pixel) && weights[pixel]! > 0)
    .map((pixel) => ({ pixel, key: key(pixel) }))
    .sort((a, b) => b.key - a.key || a.pixel - b.pixel)
    .slice(0, Math.max(0, wanted))
    .map(({ pixel }) => pixel)
}

/** What a purity step reads and writes. */
interface PurityTokens {
  readonly sample: CpuArray
  readonly prevSample: CpuArray
  readonly numPixels: number
  readonly logits: ColumnReader
  /** [invalid columns, impossible tokens] */
  readonly faults: CpuArray
}

interface RevealRule {
  readonly priorWeight: number
  readonly byPurity: boolean
  readonly revealedAfter: number
  /** False where the schedule never masks: a mask is then counted as impossible. */
  readonly maskPossible: boolean
}

/** Reveals the chosen tokens of one item, each drawn from p^(1 + r·π), and leaves the others as they are. */
export function revealTokens(
  { sample, prevSample, numPixels, logits, faults }: PurityTokens,
  numCodes: number,
  item: number,
  { priorWeight, byPurity, revealedAfter, maskPossible }: RevealRule,
  at: Omit<PixelStream, 'pixel'>,
): void {
  const first = item * numPixels
  const isMasked = (pixel: number) => sample[first + pixel]! >>> 0 >= numCodes
  const top = topProbabilities((pixel, k) => logits(first + pixel, k), numPixels, numCodes)
  faults[0]! += top.filter((probability) => probability === 0).length
  const purity = purities(top)
  let revealed = 0
  for (let pixel = 0; pixel < numPixels; pixel++) {
    const given = sample[first + pixel]! >>> 0
    if (given > numCodes || (given === numCodes && !maskPossible)) faults[1]!++
    prevSample[first + pixel] = Math.min(given, numCodes)
    if (!isMasked(pixel)) revealed++
  }
  const weights = byPurity ? purity : new Float64Array(numPixels).fill(1)
  for (const pixel of chooseTokens(weights, isMasked, revealedAfter - revealed, at)) {
    const exponent = 1 + priorWeight * purity[pixel]!
    const column = Float64Array.from({ length: numCodes }, (_, k) => exponent * logits(first + pixel, k))
    prevSample[first + pixel] = drawX0(column, { ...at, pixel }) ?? numCodes
  }
}
