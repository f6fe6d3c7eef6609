/** Quantiles, interpolated linearly between neighbours. */
export function spread(samples: readonly number[]): { median: number; p10: number; p90: number } {
  const sorted = [...samples].sort((a, b) => a - b)
  const quantile = (q: number) => {
    const place = (sorted.length - 1) * q
    const below = Math.floor(place)
    const [low = NaN, high = low] = [sorted[below], sorted[below + 1]]
    return low + (high - low) * (place - below)
  }
  return { median: quantile(0.5), p10: quantile(0.1), p90: quantile(0.9) }
}
