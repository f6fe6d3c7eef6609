import {
  readConfig,
  type VQDiffusionSchedulerConfig,
  type VQDiffusionSchedulerOptions,
  validateConfig,
  writeConfig,
} from './config'
import { TimestepError, TokenRangeError } from './errors'
import {
  createSchedule,
  leadingTimesteps,
  requireTimestepList,
  requireTimesteps,
  routeTable,
  type Schedule,
  type ScheduleTables,
  scheduleTables,
  stridedTimesteps,
} from './schedule'
import { requireOneOf } from './step_options'
import { type RouteThresholds, routeThresholds } from './thresholds'

/** What the GPU scheduler and its CPU twin share: configuration, tables and the list of timesteps. */
export abstract class SchedulerBase implements ScheduleTables {
  /** The order of the solver: one model call per step. */
  readonly order = 1
  /** The frozen configuration, by diffusers' names. */
  readonly config: VQDiffusionSchedulerConfig
  /** C, classes of a latent pixel, the mask included. */
  readonly numEmbed: number
  /** K = C − 1 ordinary classes, 0 to K − 1. */
  readonly numCodes: number
  /** The mask, K: always the last class. */
  readonly maskClass: number
  /** Natural logarithms of the one-step keep, replace and mask probabilities, f32 [T]. */
  declare readonly logAt: Float32Array
  declare readonly logBt: Float32Array
  declare readonly logCt: Float32Array
  /** The same cumulated from clean data, f32 [T + 1]; the last entry is the identity kernel. */
  declare readonly logCumprodAt: Float32Array
  declare readonly logCumprodBt: Float32Array
  declare readonly logCumprodCt: Float32Array
  protected readonly schedule: Schedule
  readonly #thresholds = new Map<number, RouteThresholds>()
  #timesteps: readonly number[]
  #numInferenceSteps: number | null = null

  /** Throws ConfigError unless the configuration describes a mask-and-replace process. */
  protected constructor(options: VQDiffusionSchedulerOptions) {
    this.config = readConfig(options)
    validateConfig(this.config)
    this.numEmbed = this.config.num_vec_classes
    this.numCodes = this.numEmbed - 1
    this.maskClass = this.numCodes
    this.schedule = createSchedule(this.config)
    Object.assign(this, scheduleTables(this.config))
    this.#timesteps = leadingTimesteps(this.config.num_train_timesteps, this.config.num_train_timesteps)
  }

  /** Timesteps in the order of sampling, most noisy first; all T before `setTimesteps`. */
  get timesteps(): readonly number[] {
    return this.#timesteps
  }

  /** What `setTimesteps` was given, null before. */
  get numInferenceSteps(): number | null {
    return this.#numInferenceSteps
  }

  /**
   * Chooses n timesteps: by default the exact strided list over all T (SEMANTICS 13), with 'leading' diffusers' list
   * n−1 … 0; or takes a falling list as it is. Throws OptionError unless 1 ≤ n ≤ T, or if the list does not fall.
   */
  setTimesteps(
    timesteps: number | readonly number[],
    { spacing = 'strided' }: { spacing?: 'strided' | 'leading' } = {},
  ): void {
    const T = this.config.num_train_timesteps
    const lists = { strided: stridedTimesteps, leading: leadingTimesteps }
    requireOneOf('spacing', spacing, Object.keys(lists))
    this.#timesteps = typeof timesteps === 'number' ? lists[spacing](timesteps, T) : requireTimestepList(timesteps, T)
    this.#numInferenceSteps = this.#timesteps.length
  }

  /**
   * The content of `scheduler_config.json` as diffusers writes it: `JSON.stringify(scheduler, null, 2)` is a file that
   * it loads.
   */
  toJSON(): Record<string, unknown> {
    return writeConfig(this.config)
  }

  /**
   * One (t, u) per batch item. u defaults to the entry of `timesteps` after t, −1 after the last. Throws TimestepError.
   */
  protected resolveTimesteps(
    timestep: number | readonly number[],
    previousTimestep: number | readonly number[] | undefined,
    batchSize: number,
  ): { t: number; u: number }[] {
    const previous =
      previousTimestep === undefined ? undefined : this.perItem('previousTimestep', previousTimestep, batchSize)
    return this.perItem('timestep', timestep, batchSize).map((t, item) => {
      const u = previous ? previous[item]! : this.#successor(t)
      requireTimesteps(this.schedule, t, u)
      return { t, u }
    })
  }

  /** A number for all items, or one per item, as a list. Throws TimestepError if the list is of another length. */
  protected perItem(name: string, value: number | readonly number[], batchSize: number): readonly number[] {
    if (typeof value === 'number') return new Array<number>(batchSize).fill(value)
    if (value.length !== batchSize)
      throw new TimestepError(
        `${name} needs to be a number or one per batch item (${batchSize}); given ${value.length}.`,
      )
    return value
  }

  /** The thresholds of a step t → u, computed once. */
  protected thresholds({ t, u }: { t: number; u: number }): RouteThresholds {
    const key = t * this.config.num_train_timesteps + u + 1
    const known = this.#thresholds.get(key)
    if (known) return known
    const computed = routeThresholds(routeTable(this.schedule, t, u))
    this.#thresholds.set(key, computed)
    return computed
  }

  /** The tokens as u32. Throws TokenRangeError unless all are integers from 0 to C − 1. */
  protected requireTokens(tokens: ArrayLike<number>): Uint32Array<ArrayBuffer> {
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!
      if (!Number.isInteger(token) || token < 0 || token > this.maskClass)
        throw new TokenRangeError(
          `Tokens need to be integers from 0 to ${this.maskClass} (the mask); given ${token} at position ${i}.`,
        )
    }
    return Uint32Array.from(tokens)
  }

  #successor(t: number): number {
    requireTimesteps(this.schedule, t, -1)
    const place = this.#timesteps.indexOf(t)
    if (place < 0)
      throw new TimestepError(
        `Timestep ${t} is not in the list [${this.#timesteps.join(', ')}], so its successor is unknown; give previousTimestep.`,
      )
    return this.#timesteps[place + 1] ?? -1
  }
}
