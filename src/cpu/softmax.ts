import { highest } from '../process/log_space'
import { expNegative } from './exp'

/** The softmax of a column of logits, relative to its highest logit: p = e^(logit − high) / total. */
export interface Softmax {
  /** NaN or +∞ if some logit is, −∞ if all are; the sums are then 0. */
  readonly high: number
  /** Σ e^(logit − high). */
  readonly total: number
  /** Σ (logit − high) e^(logit − high). */
  readonly weighted: number
}

export function softmaxOf(logits: Float64Array): Softmax {
  const high = highest(logits)
  let total = 0
  let weighted = 0
  if (Number.isFinite(high)) {
    // All terms below this together are less than half a unit in the last place of the total, which is at least 1.
    const negligible = -53 * Math.LN2 - Math.log(logits.length)
    for (let k = 0; k < logits.length; k++) {
      const below = logits[k]! - high
      if (below < negligible) continue
      const term = expNegative(below)
      total += term
      weighted += below * term
    }
  }
  return { high, total, weighted }
}
