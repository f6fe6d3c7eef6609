import { expNegative } from './exp'
import { isInvalid } from './logits'
import { softmaxOf } from './softmax'

/**
 * The classes that truncation keeps, in rising order (docs/MATH.md#truncation). Classes are ranked by falling logit,
 * equal ones by rising index; a class is kept if it is the first, or if the probability ranked before it is below the
 * rate. None is kept if a logit is NaN or +∞, or none is finite.
 */
export function keptClasses(logits: Float64Array, rate: number, softmax = softmaxOf(logits)): number[] {
  const { high, total } = softmax
  if (!Number.isFinite(high)) return []
  // All classes below this together have at most half of the mass that is dropped: they need no sorting.
  const floor = Math.min(high, high + Math.log(((1 - rate) * total) / 2 / logits.length))
  const candidates: number[] = []
  for (let k = 0; k < logits.length; k++) if (logits[k]! >= floor) candidates.push(k)
  const rising = Float64Array.from(candidates, (k) => logits[k]!).sort()
  const first = firstKept(rising, rate * total, high)
  const lowest = rising[first]!
  let equals = rising.lastIndexOf(lowest) + 1 - first
  return candidates.filter((k) => logits[k]! > lowest || (logits[k] === lowest && equals-- > 0))
}

/** The position of the lowest logit that is kept, among logits in rising order. */
function firstKept(rising: Float64Array, massToKeep: number, high: number): number {
  let first = rising.length - 1
  let mass = 1
  while (first > 0 && mass < massToKeep) mass += expNegative(rising[--first]! - high)
  return first
}

/** Sets the classes that truncation drops from a column to −∞. An invalid column stays as it is. */
export function truncate(logits: Float64Array, rate: number): Float64Array {
  if (logits.some(isInvalid)) return logits
  const truncated = new Float64Array(logits.length).fill(-Infinity)
  for (const k of keptClasses(logits, rate)) truncated[k] = logits[k]!
  return truncated
}
