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
  // All classes below this together have at most half of the mass that is dropped: none of them is kept.
  const floor = Math.min(high, high + Math.log(((1 - rate) * total) / 2 / logits.length))
  const candidates: number[] = []
  for (let k = 0; k < logits.length; k++) if (logits[k]! >= floor) candidates.push(k)
  const border = borderOf(logits, candidates, { high, floor, massToKeep: rate * total })
  let { equals } = border
  return candidates.filter((k) => logits[k]! > border.lowest || (logits[k] === border.lowest && equals-- > 0))
}

/** The lowest logit that is kept, and how many of the classes that have it are kept. */
interface Border {
  readonly lowest: number
  readonly equals: number
}

/** Masses of the logits in equal parts of their range, the highest first: the border is in one of them, and only that is sorted. */
const masses = new Float64Array(64)

function borderOf(
  logits: Float64Array,
  candidates: readonly number[],
  { high, floor, massToKeep }: { high: number; floor: number; massToKeep: number },
): Border {
  const scale = floor < high ? masses.length / (high - floor) : 0
  const partOf = (logit: number) => Math.min(masses.length - 1, Math.floor((high - logit) * scale))
  masses.fill(0)
  for (const k of candidates) masses[partOf(logits[k]!)]! += expNegative(logits[k]! - high)

  let part = 0
  let mass = 0
  while (part < masses.length - 1 && mass + masses[part]! < massToKeep) mass += masses[part++]!
  const ofPart = candidates.filter((k) => partOf(logits[k]!) === part)
  const rising = Float64Array.from(ofPart, (k) => logits[k]!).sort()
  let first = rising.length
  do mass += expNegative(rising[--first]! - high)
  while (first > 0 && mass < massToKeep)
  const lowest = rising[first]!
  return { lowest, equals: rising.lastIndexOf(lowest) + 1 - first }
}

/** Sets the classes that truncation drops from a column to −∞. An invalid column stays as it is. */
export function truncate(logits: Float64Array, rate: number): Float64Array {
  if (logits.some(isInvalid)) return logits
  const truncated = new Float64Array(logits.length).fill(-Infinity)
  for (const k of keptClasses(logits, rate)) truncated[k] = logits[k]!
  return truncated
}
