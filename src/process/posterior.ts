import { requireTimesteps } from '../checks'
import { logAddExp, logFloor } from './log_space'
import { cumulativeIndex, type PossibleTokens, possibleTokens, transition } from './routes'
import type { Schedule } from './schedule'

/**
 * Coefficients of the closed form of the log posterior, the floors of diffusers included
 * (docs/MATH.md#posterior-closed-form). −Infinity is log 0. Those of a token that the process cannot produce may be NaN.
 */
export interface PosteriorCoefficients extends PossibleTokens {
  /** x_t is the mask: row k is lae(maskedClass + ℓ_k, maskedAny + S), the row of the mask maskedMask + S. */
  readonly maskedClass: number
  readonly maskedAny: number
  readonly maskedMask: number
  /** log q̄_t(x_t | x₀ = k) for k ≠ x_t and k = x_t. */
  readonly cumulativeOther: number
  readonly cumulativeSame: number
  /** log q(x_t | x_u = k) for k ≠ x_t and k = x_t. */
  readonly stepOther: number
  readonly stepSame: number
  /** log ᾱ_u and log b̄_u. */
  readonly logKeep: number
  readonly logReplace: number
  /** The row of the mask for an ordinary x_t, relative to R. */
  readonly ordinaryMask: number
}

/** Coefficients of a step t → u. Throws TimestepError unless −1 ≤ u < t < T. */
export function posteriorCoefficients(schedule: Schedule, t: number, u: number): PosteriorCoefficients {
  requireTimesteps(schedule.numTrainTimesteps, t, u)
  const { keep, replace, mask, numCodes: K } = schedule
  const v = cumulativeIndex(schedule, u)
  const step = transition(schedule, t, u)
  const { log } = Math
  const logKeep = log(keep[v]!)
  const logReplace = log(replace[v]! / K)
  return {
    maskedClass: log(step.mask) + logKeep - log(mask[t]!),
    maskedAny: log(step.mask) + logReplace - log(mask[t]!),
    maskedMask: log(mask[v]!) - log(mask[t]!),
    cumulativeOther: logAddExp(logFloor + log(keep[t]!), log(replace[t]! / K)),
    cumulativeSame: logAddExp(log(keep[t]!), log(replace[t]! / K)),
    stepOther: logAddExp(logFloor + log(step.keep), log(step.replace / K)),
    stepSame: logAddExp(log(step.keep), log(step.replace / K)),
    logKeep,
    logReplace,
    ordinaryMask: log(mask[v]!) + logFloor,
    ...possibleTokens(schedule, t),
  }
}
