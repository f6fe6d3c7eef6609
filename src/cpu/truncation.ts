import { isInvalid } from './logits'

/**
 * Sets the classes that truncation drops from a column of logits to −∞ (docs/MATH.md#truncation). Classes are ranked by
 * falling logit, equal ones by rising index; a class is kept if it is the first, or if the probability ranked before it
 * is below the rate. A column with NaN or +∞ is returned unchanged.
 */
export function truncate(logits: Float64Array, rate: number): Float64Array {
  if (logits.some(isInvalid)) return logits
  const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b)
  const high = logits[order[0]!]!
  const mass = (k: number) => Math.exp(logits[k]! - high)
  const total = order.reduce((sum, k) => sum + mass(k), 0)
  const kept = new Float64Array(logits.length).fill(-Infinity)
  let before = 0
  for (const [rank, k] of order.entries()) {
    if (rank > 0 && !(before < rate * total)) break
    kept[k] = logits[k]!
    before += mass(k)
  }
  return kept
}
