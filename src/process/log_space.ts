/** Sums of probabilities given by their logarithms. −Infinity is log 0. */

/** log of float32(1e-30), which stands for log 0 in diffusers (docs/MATH.md#floors). */
export const logFloor = Math.log(Math.fround(1e-30))

/** log(eᵃ + eᵇ). */
export function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b)
  return high === -Infinity ? -Infinity : high + Math.log1p(Math.exp(Math.min(a, b) - high))
}

/** log Σ exp of the terms. NaN if a term is; −∞ of no term. */
export function logSumExp(terms: Float64Array): number {
  const high = highest(terms)
  if (high === -Infinity) return -Infinity
  return high + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - high), 0))
}

/** The highest value; NaN if a value is; −∞ of no value. */
export function highest(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity)
}
