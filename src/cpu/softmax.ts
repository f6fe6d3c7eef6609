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

/** In one pass: the sums so far are rescaled where a higher logit comes (Milakov and Gimelshein 2018). */
export function softmaxOf(logits: Float64Array): Softmax {
  // All terms below this together are less than half a unit in the last place of the total, which is at least 1.
  const negligible = -53 * Math.LN2 - Math.log(logits.length)
  let high = -Infinity
  let total = 0
  let weighted = 0
  for (let k = 0; k < logits.length; k++) {
    const logit = logits[k]!
    const below = logit - high
    if (below < negligible) continue
    if (below <= 0) {
      const term = expNegative(below)
      total += term
      weighted += below * term
      continue
    }
    if (logit === -Infinity) continue // as all before it
    if (!(logit < Infinity)) return { high: logit, total: 0, weighted: 0 }
    const scale = Math.exp(-below)
    weighted = total > 0 ? scale * (weighted - below * total) : 0
    total = scale * total + 1
    high = logit
  }
  return { high, total, weighted }
}
