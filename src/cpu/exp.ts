/** Entries of the table for each power of two. */
const perOctave = 64
/** 2^(−i / 64), down to less than e^−64. */
const powers = Float64Array.from({ length: 6000 }, (_, i) => 2 ** (-i / perOctave))
const perUnit = perOctave / Math.LN2
const unit = Math.LN2 / perOctave

/**
 * e^x for −64 ≤ x ≤ 0, with a relative error of at most 2⁻⁵¹ (1 + |x|): the nearest power of the table times a
 * polynomial of the rest. Math.exp takes several times as long, and a step may need millions of exponentials.
 */
export function expNegative(x: number): number {
  const i = (0.5 - x * perUnit) | 0
  const r = x + i * unit
  const polynomial = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120)))))
  return powers[i]! * polynomial
}
