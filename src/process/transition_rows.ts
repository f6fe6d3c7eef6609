import { requireTimesteps } from '../checks'
import { logAddExp, logFloor } from './log_space'
import { cumulativeIndex, transition } from './routes'
import type { Schedule } from './schedule'

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
