import type { PosteriorCoefficients } from '../process/posterior'
import { isPossible } from '../process/routes'
import type { CpuContext } from './context'
import { type ColumnReader, isInvalid, readColumn } from './logits'
import { posteriorColumn } from './posterior'
import type { CpuArray } from './tensor'

/** The draw of diffusers' step: argmax of scores + Gumbel noise of supplied uniforms (docs/MATH.md#gumbel-noise). */
export function drawStepWithNoise(
  context: CpuContext,
  tokens: { sample: CpuArray; prevSample: CpuArray; numPixels: number; logits: ColumnReader; faults: CpuArray },
  uniforms: ColumnReader,
  /** Rows of the uniforms: K for a step to clean data, which draws from the logits. */
  rows: number,
  /** Per batch item. */
  coefficients: readonly PosteriorCoefficients[],
): void {
  const { sample, prevSample, numPixels, logits, faults } = tokens
  const { numCodes, maskClass } = context.process
  const allClasses = context.process.rangeOf(0)
  for (let token = 0; token < sample.length; token++) {
    const item = coefficients[Math.floor(token / numPixels)]!
    const classT = context.countedClassOf(sample, token, faults, item, allClasses)
    prevSample[token] = classT
    if (rows > numCodes && !isPossible(item, classT === maskClass)) continue
    const column = readColumn(logits, token, numCodes)
    const scores = rows > numCodes ? posteriorColumn(column, classT, item) : column
    const drawn = column.some(isInvalid) ? -1 : gumbelMax(scores, readColumn(uniforms, token, rows))
    if (drawn < 0) faults[0]!++
    else prevSample[token] = drawn
  }
}

/**
 * The class with the highest score + noise, the lowest class among equals; −1 if no score is finite, or a uniform is not
 * in [0, 1].
 */
export function gumbelMax(scores: Float64Array, uniforms: Float64Array): number {
  let best = -1
  let bestScore = -Infinity
  for (const [k, score] of scores.entries()) {
    const noise = gumbelOfUniform(uniforms[k]!)
    if (Number.isNaN(noise)) return -1
    if (score + noise > bestScore) {
      bestScore = score + noise
      best = k
    }
  }
  return best
}

/** Gumbel noise of a supplied uniform as diffusers computes it, where 1e-30 is a float32. NaN unless it is in [0, 1]. */
export function gumbelOfUniform(u: number): number {
  if (!(u >= 0 && u <= 1)) return NaN
  const epsilon = Math.fround(1e-30)
  return -Math.log(-Math.log(u + epsilon) + epsilon)
}
