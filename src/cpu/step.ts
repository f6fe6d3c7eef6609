import type { ItemStream } from '../random'
import type { PosteriorCoefficients } from '../schedule'
import type { KnownTokens } from '../step_options'
import type { RouteThresholds, Thresholds } from '../thresholds'
import { type ColumnReader, isInvalid, readColumn } from './columns'
import { drawX0, noised, routeDraw, routeGivenX0, settledRoute, uniformClass } from './draw'
import { gumbelOfUniform, posteriorColumn } from './posterior'
import type { CpuArray, CpuTensor } from './tensor'
import { truncate } from './truncate'

/** What a step reads and writes, token by token. */
export interface StepTokens {
  readonly sample: CpuArray
  readonly prevSample: CpuArray
  /** Where the drawn x₀ goes, if it was asked for. */
  readonly x0: CpuArray | undefined
  readonly numPixels: number
  readonly logits: ColumnReader
  readonly known: KnownTokens<CpuTensor> | undefined
  /** [invalid columns, impossible tokens] */
  readonly faults: CpuArray
}

/** Decide first, read later (SEMANTICS 12.3): only unsettled tokens read their logits, unless x₀ is asked for. Returns how many. */
export function drawLazily(
  { sample, prevSample, x0, numPixels, logits, known, faults }: StepTokens,
  numCodes: number,
  items: readonly { stream: ItemStream; thresholds: RouteThresholds; forward: Thresholds }[],
  { counter, truncationRate }: { counter: number; truncationRate: number },
): number {
  const maskClass = numCodes
  let columnsRead = 0
  for (let token = 0; token < sample.length; token++) {
    const { stream, thresholds, forward } = items[Math.floor(token / numPixels)]!
    const at = { stream, pixel: token % numPixels, counter }
    if (known?.mask.data[token]) {
      const clean = known.tokens.data[token]! >>> 0
      if (clean >= maskClass) faults[1]!++
      prevSample[token] = clean < maskClass ? noised(clean, forward, at, numCodes) : maskClass
      if (x0) x0[token] = clean
      continue
    }
    const given = sample[token]! >>> 0
    const classT = Math.min(given, maskClass)
    const isMasked = classT === maskClass
    if (given > maskClass || (isMasked && !thresholds.maskPossible)) faults[1]!++
    const draw = routeDraw(at)
    let route = settledRoute(thresholds, isMasked, draw)
    let class0 = classT
    if (route === 'x0' || x0) {
      columnsRead++
      const column = readColumn(logits, token, numCodes)
      const drawn = drawX0(truncationRate < 1 ? truncate(column, truncationRate) : column, at)
      if (drawn !== null) {
        class0 = drawn
        route = routeGivenX0(thresholds, isMasked, class0 === classT, draw)
      } else {
        // Nothing can be drawn: counted, and a token that needs x₀ stays what it was.
        faults[0]!++
        if (route === 'x0') route = 'keep'
      }
    }
    if (x0) x0[token] = class0
    if (route === 'uniform') prevSample[token] = uniformClass(at, numCodes)
    else prevSample[token] = route === 'keep' ? classT : class0
  }
  return columnsRead
}

/** The reference-identical draw: argmax of posterior + Gumbel(noise); of the logits themselves without coefficients. */
export function drawWithNoise(
  { sample, prevSample, numPixels, logits, faults }: StepTokens,
  numCodes: number,
  coefficients: readonly (PosteriorCoefficients | null)[],
  uniforms: ColumnReader,
): void {
  for (let token = 0; token < sample.length; token++) {
    const given = sample[token]! >>> 0
    if (given > numCodes) faults[1]!++
    const classT = Math.min(given, numCodes)
    const column = readColumn(logits, token, numCodes)
    const item = coefficients[Math.floor(token / numPixels)]
    const scores = item ? posteriorColumn(column, classT, item) : column
    const drawn = column.some(isInvalid)
      ? -1
      : argmax(scores.map((score, k) => score + gumbelOfUniform(uniforms(token, k))))
    if (drawn < 0) faults[0]!++
    prevSample[token] = drawn < 0 ? classT : drawn
  }
}

/** Index of the highest score, the lowest index among equals; −1 if all are −∞. */
function argmax(scores: Float64Array): number {
  let best = -1
  let bestScore = -Infinity
  scores.forEach((score, k) => {
    if (score > bestScore) {
      bestScore = score
      best = k
    }
  })
  return best
}
