import { replacementTolerance, type VQDiffusionSchedulerConfig } from './config'
import { OptionError, TimestepError } from './errors'

/**
 * The noise schedule: float64 in, float32 out, pure functions.
 *
 * `previousTimestep` u runs from −1 (clean data) to t − 1; arrays over cumulative quantities hold T + 1 entries, the
 * last of which is the identity kernel that stands for −1.
 */

/** log of float32(1e-30), which stands for "log 0" in the reference. */
export const logFloor = Math.log(Math.fround(1e-30))

/** The six tables of the reference, natural logarithms. */
export interface ScheduleTables {
  /** One-step keep, replace and mask probabilities, T entries. */
  readonly logAt: Float32Array
  readonly logBt: Float32Array
  readonly logCt: Float32Array
  /** The same cumulated from clean data, T + 1 entries. */
  readonly logCumprodAt: Float32Array
  readonly logCumprodBt: Float32Array
  readonly logCumprodCt: Float32Array
}

/** Cumulative probabilities in float64, T + 1 entries each. */
export interface Schedule {
  readonly numTrainTimesteps: number
  readonly numCodes: number
  /** ᾱ_t, the probability of being kept on purpose. */
  readonly keep: Float64Array
  /** K·b̄_t, the probability of being replaced by any class. */
  readonly replace: Float64Array
  /** c̄_t, the probability of being masked. */
  readonly mask: Float64Array
}

/** Linear cumulative schedule of ᾱ or γ̄, T entries. The order of operations makes it bit-equal to the reference. */
function linear(start: number, end: number, numTrainTimesteps: number): Float64Array {
  return Float64Array.from(
    { length: numTrainTimesteps },
    (_, i) => (i / (numTrainTimesteps - 1)) * (end - start) + start,
  )
}

/** The values and one more. No spread: a call takes no more than some hundred thousand arguments. */
export function append(values: Float64Array, last: number): Float64Array {
  const longer = new Float64Array(values.length + 1).fill(last)
  longer.set(values)
  return longer
}

/** The six float32 tables, bit-equal to diffusers' (SEMANTICS 2). Total: T = 1 gives its NaN. */
export function scheduleTables(config: VQDiffusionSchedulerConfig): ScheduleTables {
  const { num_train_timesteps: T, num_vec_classes: C } = config
  const K = C - 1
  const keep = linear(config.alpha_cum_start, config.alpha_cum_end, T)
  const mask = linear(config.gamma_cum_start, config.gamma_cum_end, T)
  const at = keep.map((value, i) => value / (i === 0 ? 1 : keep[i - 1]!))
  const ct = mask.map((value, i) => 1 - (1 - value) / (i === 0 ? 1 : 1 - mask[i - 1]!))
  const bt = at.map((value, i) => (1 - value - ct[i]!) / K)
  const log = (values: Float64Array) => Float32Array.from(values, Math.log)
  const logWithIdentity = (values: Float64Array, identity: number) => log(append(values, identity))
  return {
    logAt: log(at),
    logBt: log(bt),
    logCt: log(ct),
    logCumprodAt: logWithIdentity(keep, 1),
    logCumprodBt: logWithIdentity(
      keep.map((value, i) => (1 - value - mask[i]!) / K),
      0,
    ),
    logCumprodCt: logWithIdentity(mask, 0),
  }
}

/** The float64 schedule behind routes and posteriors. A replace probability within rounding of 0 becomes 0. */
export function createSchedule(config: VQDiffusionSchedulerConfig): Schedule {
  const { num_train_timesteps: T, num_vec_classes: C } = config
  const keep = linear(config.alpha_cum_start, config.alpha_cum_end, T)
  const mask = linear(config.gamma_cum_start, config.gamma_cum_end, T)
  const replace = keep.map((value, i) => {
    const beta = 1 - value - mask[i]!
    return Math.abs(beta) <= replacementTolerance ? 0 : beta
  })
  return {
    numTrainTimesteps: T,
    numCodes: C - 1,
    keep: append(keep, 1),
    replace: append(replace, 0),
    mask: append(mask, 0),
  }
}

/** Index into the cumulative arrays: −1 is the identity kernel at T. */
function index(schedule: Schedule, timestep: number): number {
  return timestep === -1 ? schedule.numTrainTimesteps : timestep
}

/**
 * The exact strided list [t_{n−1}, …, t_0], t_i = ⌊(i+1)T/n + ½⌋ − 1 (SEMANTICS 13): fully noisy first; each step goes
 * to the next entry and the last to −1. n = T gives [T−1, …, 0]. Throws OptionError unless 1 ≤ n ≤ T.
 */
export function stridedTimesteps(numInferenceSteps: number, numTrainTimesteps: number): number[] {
  requireStepCount(numInferenceSteps, numTrainTimesteps)
  const [n, T] = [numInferenceSteps, numTrainTimesteps]
  return Array.from({ length: n }, (_, i) => Math.floor((2 * (n - i) * T + n) / (2 * n)) - 1)
}

/** diffusers' list [n−1, …, 0]: the n least noisy timesteps (SEMANTICS 3). Throws OptionError unless 1 ≤ n ≤ T. */
export function leadingTimesteps(numInferenceSteps: number, numTrainTimesteps: number): number[] {
  requireStepCount(numInferenceSteps, numTrainTimesteps)
  return Array.from({ length: numInferenceSteps }, (_, i) => numInferenceSteps - 1 - i)
}

/** Throws OptionError unless the list falls strictly within 0 … T − 1 and has an entry. */
export function requireTimestepList(timesteps: readonly number[], numTrainTimesteps: number): readonly number[] {
  const valid = timesteps.every(
    (t, i) => Number.isInteger(t) && t >= 0 && t < (i === 0 ? numTrainTimesteps : timesteps[i - 1]!),
  )
  if (!valid || timesteps.length === 0)
    throw new OptionError(
      `A list of timesteps needs to fall strictly from at most ${numTrainTimesteps - 1} to at least 0; given [${timesteps.join(', ')}].`,
    )
  return [...timesteps]
}

function requireStepCount(numInferenceSteps: number, numTrainTimesteps: number): void {
  if (!Number.isSafeInteger(numInferenceSteps) || numInferenceSteps < 1 || numInferenceSteps > numTrainTimesteps)
    throw new OptionError(
      `The number of inference steps needs to be an integer from 1 to ${numTrainTimesteps} (num_train_timesteps); ` +
        `given ${numInferenceSteps}.`,
    )
}

/** Throws TimestepError unless −1 ≤ u < t < T. */
export function requireTimesteps(schedule: Schedule, t: number, u: number): void {
  const T = schedule.numTrainTimesteps
  if (!Number.isInteger(t) || t < 0 || t >= T)
    throw new TimestepError(`A timestep needs to be an integer from 0 to ${T - 1}; given ${t}.`)
  if (!Number.isInteger(u) || u < -1 || u >= t)
    throw new TimestepError(`The previous timestep of ${t} needs to be an integer from −1 to ${t - 1}; given ${u}.`)
}

/** The kernel u → t: keep on purpose A, replace by any class K·B, mask G (SEMANTICS 13, free of cancellation). */
export function transition(schedule: Schedule, t: number, u: number): { keep: number; replace: number; mask: number } {
  const { keep, replace, mask } = schedule
  const v = index(schedule, u)
  const open = 1 - mask[v]!
  return {
    keep: keep[t]! / keep[v]!,
    replace: Math.max(0, (replace[t]! * keep[v]! - keep[t]! * replace[v]!) / (keep[v]! * open)),
    mask: (mask[t]! - mask[v]!) / open,
  }
}

/** Probabilities of the four ways to x_u once x₀ is drawn; they add up to 1. */
export interface Routes {
  readonly x0: number
  /** Keep x_t. */
  readonly keep: number
  /** Any of the K classes, its own included, with equal probability. */
  readonly uniform: number
  readonly mask: number
}

/** The twelve scalars of one step t → u (SEMANTICS 12.2). */
export interface RouteTable {
  /** x_t is the mask. */
  readonly masked: Routes
  /** x_t is an ordinary class other than x₀. */
  readonly differs: Routes
  /** x_t equals x₀. */
  readonly agrees: Routes
  /** False where the schedule never masks: a mask in x_t is then impossible input, and x₀ is taken. */
  readonly maskPossible: boolean
}

/** The route table of a step t → u; u = −1 draws x₀ itself. Throws TimestepError unless −1 ≤ u < t < T. */
export function routeTable(schedule: Schedule, t: number, u: number): RouteTable {
  requireTimesteps(schedule, t, u)
  const { keep, replace, mask, numCodes: K } = schedule
  const v = index(schedule, u)
  const step = transition(schedule, t, u)
  const maskPossible = mask[t]! > 0
  const masked = maskPossible
    ? {
        x0: (step.mask * keep[v]!) / mask[t]!,
        keep: 0,
        uniform: (step.mask * replace[v]!) / mask[t]!,
        mask: mask[v]! / mask[t]!,
      }
    : { x0: 1, keep: 0, uniform: 0, mask: 0 }
  // Without replacement an ordinary token is x₀ for certain: disagreement is 0/0, and the token is kept for good.
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
  return { masked, differs, agrees, maskPossible }
}

/** Probability that a fully noised pixel is the mask: c̄/(c̄ + K·b̄) at T − 1 (q(x_T | x₀) without its share of x₀). */
export function initialMaskProbability(schedule: Schedule): number {
  const last = schedule.numTrainTimesteps - 1
  return schedule.mask[last]! / (schedule.mask[last]! + schedule.replace[last]!)
}

/** Coefficients of the closed forms of the log posterior, the reference's floors included (SEMANTICS 11). */
export interface PosteriorCoefficients {
  /** x_t = mask: out_k = lae(maskedClass + ℓ_k, maskedAny + S), out_mask = maskedMask + S. */
  readonly maskedClass: number
  readonly maskedAny: number
  readonly maskedMask: number
  /** log q̄_t(x_t | x₀ = k) for k ≠ x_t and k = x_t. */
  readonly cumulativeOther: number
  readonly cumulativeSame: number
  /** log q(x_t | x_u = k) for k ≠ x_t and k = x_t. */
  readonly stepOther: number
  readonly stepSame: number
  readonly logKeep: number
  readonly logReplace: number
  /** Log probability of the mask row for an ordinary x_t, relative to R. */
  readonly ordinaryMask: number
}

/** Coefficients for t → u; −Infinity stands for log 0. Throws TimestepError unless −1 ≤ u < t < T. */
export function posteriorCoefficients(schedule: Schedule, t: number, u: number): PosteriorCoefficients {
  requireTimesteps(schedule, t, u)
  const { keep, replace, mask, numCodes: K } = schedule
  const v = index(schedule, u)
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
  }
}

/**
 * Log probabilities of a known x_t given what it came from at u: from its own class, from another class, from any class
 * if x_t is the mask, and from the mask if x_t is ordinary (SEMANTICS 5). u = −1 cumulates from clean data.
 */
export function transitionRows(schedule: Schedule, t: number, u: number): readonly [number, number, number, number] {
  requireTimesteps(schedule, t, u)
  const step = transition(schedule, t, u)
  const [logKeep, logReplace] = [Math.log(step.keep), Math.log(step.replace / schedule.numCodes)]
  return [logAddExp(logKeep, logReplace), logAddExp(logFloor + logKeep, logReplace), Math.log(step.mask), logFloor]
}

/** Logs of the cumulative keep, replace (by one given class) and mask probabilities at t. Throws TimestepError unless −1 ≤ t < T. */
export function logCumulative(schedule: Schedule, t: number): readonly [number, number, number, number] {
  if (t !== -1) requireTimesteps(schedule, t, -1)
  const i = index(schedule, t)
  const { keep, replace, mask, numCodes } = schedule
  return [Math.log(keep[i]!), Math.log(replace[i]! / numCodes), Math.log(mask[i]!), 0]
}

/** log(eᵃ + eᵇ); −Infinity is log 0. */
export function logAddExp(a: number, b: number): number {
  const high = Math.max(a, b)
  return high === -Infinity ? -Infinity : high + Math.log1p(Math.exp(Math.min(a, b) - high))
}
