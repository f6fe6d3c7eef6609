/** The q-quantile of numbers in rising order, interpolated linearly between neighbours; NaN of none. */
export function quantile(sorted: readonly number[], q: number): number {
  const place = (sorted.length - 1) * q
  const below = Math.floor(place)
  const [low = NaN, high = low] = [sorted[below], sorted[below + 1]]
  return low + (high - low) * (place - below)
}

export function spread(samples: readonly number[]): { median: number; p10: number; p90: number } {
  const sorted = [...samples].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), p10: quantile(sorted, 0.1), p90: quantile(sorted, 0.9) }
}
