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
  let sum = 0
  for (const term of terms) sum += Math.exp(term - high)
  return high + Math.log(sum)
}

/** The highest value; NaN if a value is; −∞ of no value. */
export function highest(values: Float64Array): number {
  let high = -Infinity
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value <= high) continue
    if (Number.isNaN(value)) return NaN
    high = value
  }
  return high
}
