import { requireOptions } from '../checks'
import { type VQDiffusionSchedulerConfig, writeConfig } from '../config'
import type { Names } from '../option_names'
import type { Spacing, TimestepOptions } from '../options'
import type { Expectation } from '../process/expectation'
import type { Process } from '../process/process'
import { type ScheduleTables, scheduleTables } from '../process/schedule'
import { timestepList, timestepsBelow } from '../process/timesteps'
import { type SamplingMethod, samplerOf } from '../samplers'

/** Options of `expectation`: those of `VQDiffusionPipeline.sample` that the marginals of a chain depend on. */
export interface ExpectationOptions extends TimestepOptions {
  /** 'posterior' by default. */
  readonly method?: SamplingMethod
  /** Of the image that the chain starts from: 0, or enough for a step, up to 1; without it the chain starts from noise. */
  readonly strength?: number
}

const expectationNames = {
  numInferenceSteps: true,
  timesteps: true,
  spacing: true,
  method: true,
  strength: true,
} satisfies Names<ExpectationOptions>

/** The part of a scheduler that needs no tensors: configuration, tables and the list of timesteps. */
export abstract class SchedulerBase implements ScheduleTables {
  /** The order of the solver: one model call for each step. */
  readonly order = 1
  /** The configuration, frozen, with the keys of diffusers. */
  readonly config: VQDiffusionSchedulerConfig
  /** C, the number of classes of a latent pixel, the mask included. */
  readonly numEmbed: number
  /** K = C − 1, the number of ordinary classes, 0 to K − 1. */
  readonly numCodes: number
  /** The mask, K: always the last class. */
  readonly maskClass: number
  /** Natural logarithms of the one-step keep probabilities a_t, f32 [T] (docs/MATH.md#schedule). */
  declare readonly logAt: Float32Array
  /** Natural logarithms of the one-step probabilities b_t of being replaced by one given class, f32 [T]. */
  declare readonly logBt: Float32Array
  /** Natural logarithms of the one-step mask probabilities c_t, f32 [T]. */
  declare readonly logCt: Float32Array
  /** Natural logarithms of the keep probabilities ā_t from clean data to t, f32 [T + 1]; the last entry is 0, for no step. */
  declare readonly logCumprodAt: Float32Array
  /**
   * Natural logarithms of the probabilities b̄_t of being replaced by one given class from clean data to t, f32 [T +
   * 1]; the last entry is −∞.
   */
  declare readonly logCumprodBt: Float32Array
  /** Natural logarithms of the mask probabilities c̄_t from clean data to t, f32 [T + 1]; the last entry is −∞. */
  declare readonly logCumprodCt: Float32Array
  readonly #process: Process

  /** @internal */
  protected constructor(process: Process) {
    this.#process = process
    this.config = process.config
    this.numEmbed = process.numCodes + 1
    this.numCodes = process.numCodes
    this.maskClass = process.maskClass
    Object.assign(this, scheduleTables(this.config))
  }

  /** Timesteps in sampling order, the most noisy first; all T before `setTimesteps`. */
  get timesteps(): readonly number[] {
    return this.#process.timesteps
  }

  /** The length of the list that `setTimesteps` has set; null before. */
  get numInferenceSteps(): number | null {
    return this.#process.numInferenceSteps
  }

  /**
   * Sets the list of timesteps (docs/MATH.md#timesteps).
   *
   * @param timesteps a number of steps n, or a strictly falling list
   * @param options.spacing for a number of steps: 'strided', the default, is the exact strided list over all T;
   *   'leading' is diffusers' list n−1 … 0
   * @throws OptionError unless 1 ≤ n ≤ T, or if the list does not fall
   */
  setTimesteps(timesteps: number | readonly number[], options: { spacing?: Spacing } = {}): void {
    const { spacing = 'strided' } = requireOptions('setTimesteps', options, { spacing: true })
    this.#process.setTimesteps(timesteps, spacing)
  }

  /**
   * The marginals of a chain, if the network knew x₀: the shares of masked and of changed tokens along its timesteps
   * (docs/MATH.md#expectation). Throws OptionError.
   */
  expectation(options: ExpectationOptions): Expectation {
    options = requireOptions('expectation', options, expectationNames)
    const { method, strength, spacing } = options
    const sampler = samplerOf(method)
    const { schedule, schedules, classRanges } = this.#process
    const list = timestepList(options, schedule.numTrainTimesteps)
    const timesteps = timestepsBelow(
      'strength',
      strength === undefined ? 1 : strength,
      list,
      schedule.numTrainTimesteps,
    )
    if (timesteps.length === 0) return { timesteps, masked: [0], changed: [] }
    const fromMasks = strength === undefined && (spacing === 'leading' || sampler.start === 'mask')
    const ofKinds = schedules.map((each) => sampler.expectation(each, timesteps, fromMasks))
    if (!classRanges) return { timesteps, ...ofKinds[0]! }
    // The mean over the latent pixels.
    const { ranges } = classRanges
    const mean = (shares: 'masked' | 'changed') =>
      ofKinds[0]![shares].map(
        (_, i) => ranges.reduce((sum, { kind }) => sum + ofKinds[kind]![shares][i]!, 0) / ranges.length,
      )
    return { timesteps, masked: mean('masked'), changed: mean('changed') }
  }

  /**
   * The content of `scheduler_config.json` as diffusers writes it; `JSON.stringify(scheduler, null, 2)` gives the file.
   */
  toJSON(): Record<string, unknown> {
    return writeConfig(this.config)
  }
}
