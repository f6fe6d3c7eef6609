import { logAddExp, logFloor, logSumExp } from '../process/log_space'
import { append } from '../process/schedule'
import { asLogit, isInvalid } from './logits'
import { truncate } from './truncation'

/** One column through each dense operator, in float64; −∞ is log 0. */

/** 0 at the class, log(1e-30) in the other rows (docs/MATH.md#log-one-hot). */
export function logOnehotColumn(classIndex: number, rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, k) => (k === classIndex ? 0 : logFloor))
}

/**
 * log q(x_t | previous = k) of a known x_t (docs/MATH.md#transition-rows).
 *
 * @param transition the result of `transitionRows` for t
 */
export function transitionColumn(
  classT: number,
  rows: number,
  numCodes: number,
  [same, other, toMask, fromMask]: readonly [number, number, number, number],
): Float64Array {
  const entry = (k: number) => {
    if (classT === numCodes) return k === numCodes ? 0 : toMask
    if (k === numCodes) return fromMask
    return k === classT ? same : other
  }
  return Float64Array.from({ length: rows }, (_, k) => entry(k))
}

/**
 * log q(x_t), C rows, of K rows log q(x₀) (docs/MATH.md#cumulative-transitions). A row that is NaN or +∞ gives NaN.
 *
 * @param cumulative the result of `logCumulative` for t
 */
export function cumulatedColumn(
  logQ0: Float64Array,
  [keep, replace, mask]: readonly [number, number, number],
): Float64Array {
  const rows = logQ0.map((value) => (isInvalid(value) ? NaN : logAddExp(value + keep, replace)))
  return append(rows, mask)
}

/** Log-softmax, truncation and clamp of K logits, each optional (docs/MATH.md#pipeline). An invalid column is NaN. */
export function logPX0Column(
  logits: Float64Array,
  { normalise, truncationRate, minimum }: { normalise: boolean; truncationRate: number; minimum: number },
): Float64Array {
  if (logits.some(isInvalid)) return new Float64Array(logits.length).fill(NaN)
  const shift = normalise ? logSumExp(logits) : 0
  const kept = truncationRate < 1 ? truncate(logits, truncationRate) : logits
  const lowest = asLogit(minimum)
  // If all logits are −∞, so is the shift, and their difference would be NaN.
  return kept.map((logit) => (logit === -Infinity ? lowest : Math.max(logit - shift, lowest)))
}
