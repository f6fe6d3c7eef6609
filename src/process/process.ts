import {
  requireObject,
  requireOneOf,
  requirePerItem,
  requirePixels,
  requireTimestepList,
  requireTimesteps,
} from '../checks'
import {
  readOptions,
  type VQDiffusionSchedulerConfig,
  type VQDiffusionSchedulerOptions,
  validateConfig,
} from '../config'
import { OptionError, TimestepError } from '../errors'
import type { Spacing } from '../options'
import { type ClassRange, type ClassRanges, classRanges } from './class_ranges'
import { type RouteTable, routeTable, type StepThresholds, stepThresholds } from './routes'
import { createSchedule, type Schedule } from './schedule'
import { leadingTimesteps, spacedTimesteps } from './timesteps'

/** One step t → u of one batch item; u = −1 is clean data. */
export interface TimestepPair {
  /** The timestep of the tokens that there are, 0 … T − 1. */
  readonly t: number
  /** The timestep of the tokens to draw, −1 … t − 1. */
  readonly u: number
}

/** A mask-and-replace process with its list of timesteps: the state that all parts of a scheduler share. */
export class Process {
  /** The configuration with defaults filled in, frozen. */
  readonly config: VQDiffusionSchedulerConfig
  /** @internal */
  readonly schedule: Schedule
  /** K, the ordinary classes 0 … K − 1. */
  readonly numCodes: number
  /** The mask, K. */
  readonly maskClass: number
  /** The ranges of the latent pixels, if they have some. @internal */
  readonly classRanges: ClassRanges | undefined
  /** For each number of classes that a latent pixel can have. @internal */
  readonly schedules: readonly Schedule[]
  readonly #allClasses: ClassRange
  #timesteps: readonly number[]
  #numInferenceSteps: number | null = null
  readonly #thresholds = new Map<number, StepThresholds>()

  /** Throws ConfigError unless the configuration describes a mask-and-replace process, OptionError for an unknown key. */
  constructor(options: VQDiffusionSchedulerOptions) {
    this.config = readOptions(options)
    validateConfig(this.config)
    this.schedule = createSchedule(this.config)
    this.numCodes = this.schedule.numCodes
    this.maskClass = this.numCodes
    this.#allClasses = { first: 0, last: this.numCodes - 1, size: this.numCodes, kind: 0 }
    this.classRanges = this.config.class_range && classRanges(this.config.class_range)
    this.schedules = this.classRanges?.sizes.map((numCodes) => ({ ...this.schedule, numCodes })) ?? [this.schedule]
    const T = this.config.num_train_timesteps
    this.#timesteps = Object.freeze(leadingTimesteps(T, T))
  }

  /** Timesteps in sampling order, the most noisy first, frozen; all T before `setTimesteps`. */
  get timesteps(): readonly number[] {
    return this.#timesteps
  }

  /** The length of the list that `setTimesteps` has set; null before. */
  get numInferenceSteps(): number | null {
    return this.#numInferenceSteps
  }

  /**
   * Sets the list of timesteps: a number of steps n, laid on the T timesteps by `spacing`, or a strictly falling list. Throws
   * OptionError.
   */
  setTimesteps(timesteps: number | readonly number[], spacing: Spacing): void {
    const T = this.config.num_train_timesteps
    requireOneOf('spacing', spacing, ['strided', 'leading'])
    const list = Array.isArray(timesteps)
      ? requireTimestepList(timesteps, T)
      : spacedTimesteps(timesteps as number, spacing, T)
    this.#timesteps = Object.freeze(list)
    this.#numInferenceSteps = this.#timesteps.length
  }

  /** The step of each batch item. By default u is the entry of `timesteps` after t. Throws TimestepError. @internal */
  resolveSteps(
    timestep: number | readonly number[],
    previousTimestep: number | readonly number[] | undefined,
    batchSize: number,
  ): TimestepPair[] {
    const previous =
      previousTimestep === undefined ? undefined : requirePerItem('previousTimestep', previousTimestep, batchSize)
    return requirePerItem('timestep', timestep, batchSize).map((t, item) => {
      const u = previous ? previous[item]! : this.#nextTimestep(t)
      requireTimesteps(this.schedule.numTrainTimesteps, t, u)
      return { t, u }
    })
  }

  /** The step t → t − 1 of each batch item. Throws TimestepError. @internal */
  singleSteps(timestep: number | readonly number[], batchSize: number): TimestepPair[] {
    return this.resolveSteps(timestep, -1, batchSize).map(({ t }) => ({ t, u: t - 1 }))
  }

  /**
   * The probabilities of the four routes of a step t → u (docs/MATH.md#route-table): for a masked token, for one that differs
   * from x₀, and for one that agrees with it; of a latent pixel that may have any of the K classes. Throws OptionError,
   * TimestepError.
   */
  routeTable(step: TimestepPair): RouteTable {
    requireObject('step', step, 'an object { t, u }')
    return routeTable(this.schedule, step.t, step.u)
  }

  /** The classes that a latent pixel may have. @internal */
  rangeOf(pixel: number): ClassRange {
    return this.classRanges?.ranges[pixel] ?? this.#allClasses
  }

  /** Throws ShapeError unless there is a range of classes for each of N latent pixels, or none for any. @internal */
  requirePixels(name: string, numPixels: number): void {
    requirePixels(name, numPixels, this.classRanges?.ranges.length)
  }

  /** Throws OptionError if latent pixels have ranges of classes. @internal */
  requireAllClasses(name: string): void {
    if (this.classRanges)
      throw new OptionError(
        `${name} computes with all ${this.numCodes} classes of each latent pixel; given a scheduler with a class_range.`,
      )
  }

  /**
   * The thresholds of a step, computed once. Throws OptionError, TimestepError. @internal
   *
   * @param kind which of the numbers of classes that a latent pixel can have
   */
  thresholds(step: TimestepPair, kind = 0): StepThresholds {
    requireObject('step', step, 'an object { t, u }')
    const { t, u } = step
    const { numTrainTimesteps } = this.schedule
    const key = (kind * numTrainTimesteps + t) * numTrainTimesteps + u + 1
    const existing = this.#thresholds.get(key)
    if (existing) return existing
    requireTimesteps(this.schedule.numTrainTimesteps, t, u)
    const computed = stepThresholds(this.schedules[kind]!, t, u)
    this.#thresholds.set(key, computed)
    return computed
  }

  #nextTimestep(t: number): number {
    requireTimesteps(this.schedule.numTrainTimesteps, t, -1)
    const place = this.#timesteps.indexOf(t)
    if (place < 0)
      throw new TimestepError(
        `Timestep ${t} is not in the list [${this.#timesteps.join(', ')}], so its successor is unknown; give previousTimestep.`,
      )
    return this.#timesteps[place + 1] ?? -1
  }
}
