import { requireTimesteps } from '../checks'
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

/** Probabilities of the routes to x_u once x₀ is drawn; they add up to 1. */
export interface Routes {
  /** The class that is drawn from p(x₀). */
  readonly x0: number
  /** Keep x_t. */
  readonly keep: number
  /** Each of the K classes with equal probability, the own class included. */
  readonly uniform: number
  /** The mask. */
  readonly mask: number
}

/** Which tokens the process can produce at a timestep. Others are invalid input (docs/MATH.md#faults). */
export interface PossibleTokens {
  /** False if the schedule never masks. */
  readonly maskPossible: boolean
  /** False if it masks every token by then. */
  readonly ordinaryPossible: boolean
}

export function possibleTokens({ keep, replace, mask }: Schedule, t: number): PossibleTokens {
  return { maskPossible: mask[t]! > 0, ordinaryPossible: keep[t]! + replace[t]! > 0 }
}

export function isPossible({ maskPossible, ordinaryPossible }: PossibleTokens, isMask: boolean): boolean {
  return isMask ? maskPossible : ordinaryPossible
}

/** The twelve scalars of one step t → u (docs/MATH.md#route-table). */
export interface RouteTable extends PossibleTokens {
  /** x_t is the mask. */
  readonly masked: Routes
  /** x_t is an ordinary class other than x₀. */
  readonly differs: Routes
  /** x_t equals x₀. */
  readonly agrees: Routes
}

/** The route table of a step t → u; u = −1 draws x₀ itself. Throws TimestepError unless −1 ≤ u < t < T. */
export function routeTable(schedule: Schedule, t: number, u: number): RouteTable {
  requireTimesteps(schedule.numTrainTimesteps, t, u)
  const { keep, replace, mask, numCodes: K } = schedule
  const v = cumulativeIndex(schedule, u)
  const step = transition(schedule, t, u)
  const possible = possibleTokens(schedule, t)
  const masked = possible.maskPossible
    ? {
        x0: (step.mask * keep[v]!) / mask[t]!,
        keep: 0,
        uniform: (step.mask * replace[v]!) / mask[t]!,
        mask: mask[v]! / mask[t]!,
      }
    : { x0: 1, keep: 0, uniform: 0, mask: 0 }
  // Without replacement an ordinary token equals x₀ for certain. Another x₀ would be 0/0: the token is kept.
  const differs =
    replace[t]! > 0
      ? {
          x0: (step.replace * keep[v]!) / replace[t]!,
          keep: (step.keep * replace[v]!) / replace[t]!,
          uniform: (step.replace * replace[v]!) / replace[t]!,
          mask: 0,
        }
      : { x0: 0, keep: 1, uniform: 0, mask: 0 }
  const total = keep[t]! + replace[t]! / K
  const agrees =
    total > 0
      ? {
          x0: ((step.keep + step.replace / K) * keep[v]!) / total,
          keep: (step.keep * replace[v]!) / K / total,
          uniform: (step.replace * replace[v]!) / K / total,
          mask: 0,
        }
      : { x0: 1, keep: 0, uniform: 0, mask: 0 }
  return { masked, differs, agrees, ...possible }
}

/** Two cumulative probabilities in units of 2⁻³¹, which divide the draw of a route into three intervals. */
export type Thresholds = readonly [number, number]

/**
 * A route table as integer thresholds (docs/MATH.md#decide-first): the draw of a route then decides the same on every
 * device, and probability 1 is representable. The intervals are, in this order: keep, uniform, and take x₀ (or, before
 * x₀ is drawn, not yet settled).
 */
export interface RouteThresholds extends PossibleTokens {
  /** x_t is the mask: below [0] it stays masked, below [1] it takes a uniform class, else x₀. */
  readonly masked: Thresholds
  /** x_t is ordinary: below [0] it is kept and below [1] takes a uniform class for every x₀; else x₀ decides. */
  readonly settled: Thresholds
  /** The intervals of the draws beyond `settled`, if x₀ differs from x_t or equals it. */
  readonly differs: Thresholds
  readonly agrees: Thresholds
}

/** The integer threshold of a probability. */
export function threshold(probability: number): number {
  return Math.round(Math.min(1, Math.max(0, probability)) * 2 ** 31)
}

export function routeThresholds({ masked, differs, agrees, ...possible }: RouteTable): RouteThresholds {
  // If x₀ equals x_t, taking it is keeping x_t.
  const agreesKeep = agrees.x0 + agrees.keep
  const keep = Math.min(differs.keep, agreesKeep)
  const uniform = Math.min(differs.uniform, agrees.uniform)
  const settled = keep + uniform
  const beyond = (rowKeep: number, rowUniform: number): Thresholds => {
    const kept = settled + (rowKeep - keep)
    return [threshold(kept), threshold(kept + (rowUniform - uniform))]
  }
  return {
    ...possible,
    masked: [threshold(masked.mask), threshold(masked.mask + masked.uniform)],
    settled: [threshold(keep), threshold(settled)],
    differs: beyond(differs.keep, differs.uniform),
    agrees: beyond(agreesKeep, agrees.uniform),
  }
}

/**
 * The forward process at t (docs/MATH.md#forward-process), −1 for none: below [0] a token is kept, below [1] masked,
 * else it takes a uniform class.
 */
export function forwardThresholds({ keep, mask }: Schedule, t: number): Thresholds {
  if (t === -1) return [threshold(1), threshold(1)]
  return [threshold(keep[t]!), threshold(keep[t]! + mask[t]!)]
}

/** All thresholds of one step t → u. */
export interface StepThresholds extends RouteThresholds {
  /** The forward process at u, for known pixels. */
  readonly known: Thresholds
  /** Whether every token needs its logits, as in the last step (u = −1). */
  readonly nothingSettled: boolean
}

/** Throws TimestepError unless −1 ≤ u < t < T. */
export function stepThresholds(schedule: Schedule, t: number, u: number): StepThresholds {
  const routes = routeThresholds(routeTable(schedule, t, u))
  const nothingSettled = routes.masked[1] === 0 && routes.settled[1] === 0
  return { ...routes, known: forwardThresholds(schedule, u), nothingSettled }
}
