import { replaceProbability, type VQDiffusionSchedulerConfig } from '../config'

/**
 * The noise schedule (docs/MATH.md#schedule).
 *
 * Arrays over cumulative quantities hold T + 1 entries. The last is the identity kernel, which stands for timestep −1,
 * clean data.
 */

/** The six tables of diffusers' scheduler, natural logarithms. */
export interface ScheduleTables {
  /** Natural logarithms of the one-step keep probabilities a_t, f32 [T] (docs/MATH.md#schedule). */
  readonly logAt: Float32Array
  /** Natural logarithms of the one-step probabilities b_t of being replaced by one given class, f32 [T]. */
  readonly logBt: Float32Array
  /** Natural logarithms of the one-step mask probabilities c_t, f32 [T]. */
  readonly logCt: Float32Array
  /** Natural logarithms of the keep probabilities ā_t from clean data to t, f32 [T + 1]; the last entry is 0, for no step. */
  readonly logCumprodAt: Float32Array
  /**
   * Natural logarithms of the probabilities b̄_t of being replaced by one given class from clean data to t, f32 [T +
   * 1]; the last entry is −∞.
   */
  readonly logCumprodBt: Float32Array
  /** Natural logarithms of the mask probabilities c̄_t from clean data to t, f32 [T + 1]; the last entry is −∞. */
  readonly logCumprodCt: Float32Array
}

/** Cumulative probabilities in float64, T + 1 entries each. */
export interface Schedule {
  readonly numTrainTimesteps: number
  readonly numCodes: number
  /** ᾱ_t, the probability of being kept, not counting a uniform replacement by the same class. */
  readonly keep: Float64Array
  /** K·b̄_t, the probability of being replaced by any class. */
  readonly replace: Float64Array
  /** c̄_t, the probability of being masked. */
  readonly mask: Float64Array
}

/** The six float32 tables, bit-equal to those of diffusers. T = 1 is accepted and gives diffusers' NaN. */
export function scheduleTables(config: VQDiffusionSchedulerConfig): ScheduleTables {
  const { num_train_timesteps: T, num_vec_classes: C } = config
  const K = C - 1
  const keep = linear(config.alpha_cum_start, config.alpha_cum_end, T)
  const mask = linear(config.gamma_cum_start, config.gamma_cum_end, T)
  const at = keep.map((value, i) => value / (i === 0 ? 1 : keep[i - 1]!))
  const ct = mask.map((value, i) => 1 - (1 - value) / (i === 0 ? 1 : 1 - mask[i - 1]!))
  const bt = at.map((value, i) => (1 - value - ct[i]!) / K)
  const log = (values: Float64Array) => new Float32Array(values.map((value) => Math.log(value)))
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
  const replace = keep.map((value, i) => replaceProbability(value, mask[i]!))
  return {
    numTrainTimesteps: T,
    numCodes: C - 1,
    keep: append(keep, 1),
    replace: append(replace, 0),
    mask: append(mask, 0),
  }
}

/** The values and one more. No spread: a call takes at most some hundred thousand arguments. */
export function append(values: Float64Array, last: number): Float64Array {
  const longer = new Float64Array(values.length + 1).fill(last)
  longer.set(values)
  return longer
}

/** A linear cumulative schedule, T entries. This order of operations makes it bit-equal to diffusers. */
function linear(start: number, end: number, numTrainTimesteps: number): Float64Array {
  return new Float64Array(numTrainTimesteps).map((_, i) => (i / (numTrainTimesteps - 1)) * (end - start) + start)
}

/** Probability that a fully noised pixel is the mask: c̄ / (c̄ + K·b̄) at T − 1. */
export function initialMaskProbability(schedule: Schedule): number {
  const last = schedule.numTrainTimesteps - 1
  return schedule.mask[last]! / (schedule.mask[last]! + schedule.replace[last]!)
}
