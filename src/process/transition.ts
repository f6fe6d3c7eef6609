import { requireTimesteps } from '../checks'
import { logAddExp, logFloor } from './log_space'
import type { Schedule } from './schedule'

/** Probabilities of the kernel between two timesteps. */
export interface Transition {
  /** A, being kept, not counting a uniform replacement by the same class. */
  readonly keep: number
  /** K·B, being replaced by any of the K classes. */
  readonly replace: number
  /** G, being masked. */
  readonly mask: number
}

/** The kernel u → t, in a form without cancellation (docs/MATH.md#strided-posterior). */
export function transition(schedule: Schedule, t: number, u: number): Transition {
  const { keep, replace, mask } = schedule
  const v = cumulativeIndex(schedule, u)
  const open = 1 - mask[v]!
  return {
    keep: keep[t]! / keep[v]!,
    replace: Math.max(0, (replace[t]! * keep[v]! - keep[t]! * replace[v]!) / (keep[v]! * open)),
    mask: (mask[t]! - mask[v]!) / open,
  }
}

/** Index of a timestep in the cumulative arrays. */
export function cumulativeIndex({ numTrainTimesteps }: Schedule, timestep: number): number {
  return timestep === -1 ? numTrainTimesteps : timestep
}

/** Probability that a fully noised pixel is the mask: c̄ / (c̄ + K·b̄) at T − 1. */
export function initialMaskProbability(schedule: Schedule): number {
  const last = schedule.numTrainTimesteps - 1
  return schedule.mask[last]! / (schedule.mask[last]! + schedule.replace[last]!)
}

/**
 * Log probabilities of a known x_t given the class it had at u (docs/MATH.md#transition-rows): the same class; another
 * class; any class, if x_t is the mask; the mask, if x_t is ordinary. u = −1 cumulates from clean data. Throws
 * TimestepError unless −1 ≤ u < t < T.
 */
export function transitionRows(schedule: Schedule, t: number, u: number): readonly [number, number, number, number] {
  requireTimesteps(schedule.numTrainTimesteps, t, u)
  const step = transition(schedule, t, u)
  const [logKeep, logReplace] = [Math.log(step.keep), Math.log(step.replace / schedule.numCodes)]
  return [logAddExp(logKeep, logReplace), logAddExp(logFloor + logKeep, logReplace), Math.log(step.mask), logFloor]
}

/**
 * Logs of ᾱ, b̄ (one given class) and c̄ at t (docs/MATH.md#cumulative-transitions). Throws TimestepError unless −1 ≤ t
 * < T.
 */
export function logCumulative(schedule: Schedule, t: number): readonly [number, number, number] {
  if (t !== -1) requireTimesteps(schedule.numTrainTimesteps, t, -1)
  const i = cumulativeIndex(schedule, t)
  const { keep, replace, mask, numCodes } = schedule
  return [Math.log(keep[i]!), Math.log(replace[i]! / numCodes), Math.log(mask[i]!)]
}
