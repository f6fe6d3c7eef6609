import { requireStepCount, requireStrength, requireTimestepList, requireTimestepOptions } from '../checks'
import type { Spacing, TimestepOptions } from '../options'
import type { TimestepPair } from './process'

/** Lists of timesteps (docs/MATH.md#timesteps). */

/**
 * The exact strided list [t_{n−1}, …, t_0], t_i = ⌊(i+1)T/n + ½⌋ − 1: each step goes to the next entry, the last to
 * clean data. n = T gives [T−1, …, 0]. Throws OptionError unless 1 ≤ n ≤ T.
 */
export function stridedTimesteps(numInferenceSteps: number, numTrainTimesteps: number): number[] {
  requireStepCount(numInferenceSteps, numTrainTimesteps)
  const [n, T] = [numInferenceSteps, numTrainTimesteps]
  return Array.from({ length: n }, (_, i) => Math.floor((2 * (n - i) * T + n) / (2 * n)) - 1)
}

/** diffusers' list [n−1, …, 0], the n least noisy timesteps. Throws OptionError unless 1 ≤ n ≤ T. */
export function leadingTimesteps(numInferenceSteps: number, numTrainTimesteps: number): number[] {
  requireStepCount(numInferenceSteps, numTrainTimesteps)
  return Array.from({ length: numInferenceSteps }, (_, i) => numInferenceSteps - 1 - i)
}

/** The list that the options describe. Throws OptionError. */
export function timestepList(options: TimestepOptions, numTrainTimesteps: number): readonly number[] {
  requireTimestepOptions(options)
  const { numInferenceSteps, timesteps, spacing } = options
  if (timesteps !== undefined) return requireTimestepList(timesteps, numTrainTimesteps)
  return spacedTimesteps(numInferenceSteps!, spacing, numTrainTimesteps)
}

/** The list of a number of steps, 'strided' by default. Throws OptionError. */
export function spacedTimesteps(
  numInferenceSteps: number,
  spacing: Spacing | undefined,
  numTrainTimesteps: number,
): readonly number[] {
  const list = spacing === 'leading' ? leadingTimesteps : stridedTimesteps
  return list(numInferenceSteps, numTrainTimesteps)
}

/** The steps of a list: each goes to the next entry, the last to clean data. */
export function jumps(timesteps: readonly number[]): TimestepPair[] {
  return timesteps.map((t, i) => ({ t, u: timesteps[i + 1] ?? -1 }))
}

/**
 * The part of a list that a chain visits if it starts from an image: the timesteps at or below strength · T − 1
 * (docs/MATH.md#image-to-image). Empty for strength 0. Throws OptionError if another strength leaves none.
 */
export function timestepsBelow(
  name: string,
  strength: number,
  timesteps: readonly number[],
  numTrainTimesteps: number,
): number[] {
  // t ≤ s · T − 1 by a division, which gives the very number that people write: 0.29 · 100 is less than 29.
  const least = (t: number) => (t + 1) / numTrainTimesteps
  requireStrength(name, strength, least(timesteps.at(-1)!))
  return timesteps.filter((t) => least(t) <= strength)
}
