import { logAddExp, logSumExp } from '../process/log_space'
import type { PosteriorCoefficients } from '../process/posterior'
import { isPossible } from '../process/routes'

/**
 * log q(x_u | x_t) of one column by the closed form (docs/MATH.md#posterior-closed-form), C = K + 1 rows, float64. NaN if
 * the process cannot produce x_t.
 *
 * @param logits log p(x₀ = k), K of them; −∞ is log 0
 * @param classT x_t; K is the mask
 */
export function posteriorColumn(logits: Float64Array, classT: number, c: PosteriorCoefficients): Float64Array {
  const K = logits.length
  const out = new Float64Array(K + 1)
  if (!isPossible(c, classT === K)) return out.fill(NaN)
  if (classT === K) {
    const total = logSumExp(logits)
    for (let k = 0; k < K; k++) out[k] = logAddExp(c.maskedClass + logits[k]!, c.maskedAny + total)
    out[K] = c.maskedMask + total
    return out
  }
  const terms = logits.map((logit, k) => logit - (k === classT ? c.cumulativeSame : c.cumulativeOther))
  const total = logSumExp(terms)
  for (let k = 0; k < K; k++) {
    const step = k === classT ? c.stepSame : c.stepOther
    out[k] = step + logAddExp(c.logKeep + terms[k]!, c.logReplace + total)
  }
  out[K] = c.ordinaryMask + total
  return out
}
