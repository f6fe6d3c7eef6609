import { logAddExp, type PosteriorCoefficients } from '../schedule'
import { highest } from './columns'

/**
 * The log posterior log q(x_u | x_t) of one column by the closed forms (SEMANTICS 11), C = K + 1 rows in float64.
 *
 * @param logits log p(x₀ = k), K of them; −∞ is log 0
 * @param classT x_t; K is the mask
 */
export function posteriorColumn(logits: Float64Array, classT: number, c: PosteriorCoefficients): Float64Array {
  const K = logits.length
  const out = new Float64Array(K + 1)
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

/** log Σ exp of the terms; −∞ of none. */
export function logSumExp(terms: Float64Array): number {
  const high = highest(terms)
  if (high === -Infinity) return -Infinity
  return high + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - high), 0))
}

/** Gumbel noise of a supplied uniform, as the reference defines it; 1e-30 is a float32 there. */
export function gumbelOfUniform(u: number): number {
  const epsilon = Math.fround(1e-30)
  return -Math.log(-Math.log(u + epsilon) + epsilon)
}
