import { expNegative } from './exp'
import { isInvalid } from './logits'
import { type Softmax, softmaxOf } from './softmax'

/**
 * The classes that truncation keeps, in rising order (docs/MATH.md#truncation). Classes are ranked by falling logit,
 * equal ones by rising index; a class is kept if it is the first, or if the probability ranked before it is below the
 * rate. None is kept if a logit is NaN or +∞, or none is finite.
 */
export function keptClasses(logits: Float64Array, rate: number, softmax = softmaxOf(logits)): number[] {
  if (!Number.isFinite(softmax.high)) return []
  const border = borderOf(logits, rate, softmax)
  let { equals } = border
  const kept: number[] = []
  for (let k = 0; k < logits.length; k++) {
    const logit = logits[k]!
    if (logit > border.lowest || (logit === border.lowest && equals-- > 0)) kept.push(k)
  }
  return kept
}

/** The lowest logit that is kept, and how many of the classes that have it are kept. */
interface Border {
  readonly lowest: number
  readonly equals: number
}

/** Masses of the logits in equal parts of their range, the highest first; to be found in one of them without sorting all. */
const masses = new Float64Array(64)

function borderOf(logits: Float64Array, rate: number, { high, total }: Softmax): Border {
  const massToKeep = rate * total
  // All classes below this together have at most half of the mass that is dropped: none of them is kept.
  const floor = Math.min(high, high + Math.log(((1 - rate) * total) / 2 / logits.length))
  const scale = floor < high ? masses.length / (high - floor) : 0
  const partOf = (logit: number) => Math.min(masses.length - 1, Math.floor((high - logit) * scale))
  masses.fill(0)
  for (let k = 0; k < logits.length; k++) {
    const logit = logits[k]!
    if (logit >= floor) masses[partOf(logit)]! += expNegative(logit - high)
  }

  let part = 0
  let mass = 0
  while (part < masses.length - 1 && mass + masses[part]! < massToKeep) mass += masses[part++]!
  const ofPart: number[] = []
  for (let k = 0; k < logits.length; k++)
    if (logits[k]! >= floor && partOf(logits[k]!) === part) ofPart.push(logits[k]!)
  const rising = Float64Array.from(ofPart).sort()
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
