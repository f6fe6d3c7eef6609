import { requireFields, requireNames } from './checks'
import { ConfigError } from './errors'
import type { Names } from './option_names'
import { valueText } from './value_text'

/** The constructor arguments of diffusers' VQDiffusionScheduler, by their names there, and `class_range`. */
export interface VQDiffusionSchedulerConfig {
  /** Number of classes C of a latent pixel, the mask included; K = C − 1 ordinary classes. */
  readonly num_vec_classes: number
  /** Number of training timesteps T. */
  readonly num_train_timesteps: number
  /** Cumulative keep probability ᾱ at t = 0, above 0 and at most 1. */
  readonly alpha_cum_start: number
  /** Cumulative keep probability ᾱ at t = T − 1, from 0 to `alpha_cum_start`. */
  readonly alpha_cum_end: number
  /** Cumulative mask probability γ̄ at t = 0, from 0 to 1. */
  readonly gamma_cum_start: number
  /** Cumulative mask probability γ̄ at t = T − 1, from `gamma_cum_start` to 1. */
  readonly gamma_cum_end: number
  /**
   * The classes that each latent pixel may have, [first, last] with 0 ≤ first ≤ last < K, for models in which the place of a
   * token says what kind it is of: a mask-and-replace process of its own for each pixel (docs/MATH.md#class-ranges). All
   * samples then have as many latent pixels as there are pairs. By default a pixel may have any class. No key of diffusers.
   */
  readonly class_range?: readonly (readonly [first: number, last: number])[]
}

/** A configuration with defaults left out; only the number of classes has none. */
export type VQDiffusionSchedulerOptions = Partial<VQDiffusionSchedulerConfig> &
  Pick<VQDiffusionSchedulerConfig, 'num_vec_classes'>

const defaults: Omit<VQDiffusionSchedulerConfig, 'num_vec_classes'> = {
  num_train_timesteps: 100,
  alpha_cum_start: 0.99999,
  alpha_cum_end: 0.000009,
  gamma_cum_start: 0.000009,
  gamma_cum_end: 0.99999,
}

/** Values that take precedence over those of a saved configuration. */
export type ConfigOverrides = Partial<VQDiffusionSchedulerConfig>

/** A replace probability |1 − ᾱ − γ̄| below this is rounding, and counts as 0. */
const replacementTolerance = 1e-12

const className = 'VQDiffusionScheduler'
/** The diffusers release whose format `writeConfig` follows. */
const diffusersVersion = '0.40.0'

/** Names of the values of a configuration. */
export const configNames = {
  num_vec_classes: true,
  num_train_timesteps: true,
  alpha_cum_start: true,
  alpha_cum_end: true,
  gamma_cum_start: true,
  gamma_cum_end: true,
  class_range: true,
} satisfies Names<VQDiffusionSchedulerConfig>

/** Configurations that were read. They may have unknown keys: those of the file that they come from. */
const read = /* @__PURE__ */ new WeakSet<object>()

/**
 * Reads the content of a `scheduler_config.json`, or the configuration of a scheduler of either engine: fills in
 * defaults, drops keys that start with "_", keeps unknown keys. Throws ConfigError if it is no object or has no
 * num_vec_classes. `validateConfig` checks the values.
 */
export function readConfig(json: unknown): VQDiffusionSchedulerConfig {
  const given = ownKeys(configOf(json), (value) => value !== undefined)
  if (!('num_vec_classes' in given))
    throw new ConfigError(
      `A scheduler configuration needs num_vec_classes (C, the mask included); given ${valueText(given)}.`,
    )
  const { class_range: ranges } = given
  // A copy, since the caller may change the list. `validateConfig` checks what is in it.
  const copied = Array.isArray(ranges) && {
    class_range: Object.freeze(Array.from(ranges, (pair) => (Array.isArray(pair) ? Object.freeze([...pair]) : pair))),
  }
  const config = Object.freeze({ ...defaults, ...given, ...copied }) as VQDiffusionSchedulerConfig
  read.add(config)
  return config
}

/**
 * Reads the options of a constructor, or a configuration that was read before. Throws as `readConfig`, and OptionError for
 * an unknown key.
 */
export function readOptions(options: VQDiffusionSchedulerOptions): VQDiffusionSchedulerConfig {
  const given = configOf(options)
  if (!read.has(given)) requireNames('A scheduler', ownKeys(given), configNames)
  return readConfig(options)
}

/** The content of a saved configuration with some values replaced. Throws ConfigError, OptionError. */
export function overrideConfig(json: unknown, overrides: ConfigOverrides): VQDiffusionSchedulerConfig {
  requireFields('The overrides of a configuration', overrides, configNames)
  return readConfig({ ...readConfig(json), ...ownKeys(overrides, (value) => value !== undefined) })
}

/** A configuration, or that of a scheduler. Throws ConfigError. */
function configOf(json: unknown): object {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError(`A scheduler configuration needs to be an object; given ${valueText(json)}.`)
  const { config } = json as { config?: unknown }
  return !('num_vec_classes' in json) && typeof config === 'object' && config !== null ? config : json
}

/** The keys that do not start with "_", and their values. */
function ownKeys(config: object, accepts: (value: unknown) => boolean = () => true): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([key, value]) => !key.startsWith('_') && accepts(value)))
}

/** The content of `scheduler_config.json` as diffusers writes it: keys sorted, with class name and version. */
export function writeConfig(config: VQDiffusionSchedulerConfig): Record<string, unknown> {
  const entries = Object.entries({ ...config, _class_name: className, _diffusers_version: diffusersVersion })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Throws ConfigError unless the values describe a mask-and-replace process that the scheduler can run. */
export function validateConfig(config: VQDiffusionSchedulerConfig): void {
  requireInteger(config, 'num_vec_classes', 2, 2 ** 24)
  requireInteger(config, 'num_train_timesteps', 2, 10 ** 6)
  for (const key of ['alpha_cum_start', 'alpha_cum_end', 'gamma_cum_start', 'gamma_cum_end'] as const)
    requireProbability(config, key)
  requireClassRange(config)
  const { alpha_cum_start, alpha_cum_end, gamma_cum_start, gamma_cum_end } = config
  for (const [place, alpha, gamma] of [
    ['start', alpha_cum_start, gamma_cum_start],
    ['end', alpha_cum_end, gamma_cum_end],
  ] as const) {
    if (alpha + gamma > 1 + replacementTolerance)
      throw new ConfigError(`alpha_cum_${place} + gamma_cum_${place} needs to be at most 1; given ${alpha} + ${gamma}.`)
  }
  if (alpha_cum_start <= 0)
    throw new ConfigError(`alpha_cum_start needs to be above 0, else no data is left; given ${alpha_cum_start}.`)
  if (alpha_cum_end > alpha_cum_start || gamma_cum_end < gamma_cum_start)
    throw new ConfigError(
      'alpha_cum must not grow with t, nor gamma_cum fall; ' +
        `given ${alpha_cum_start} → ${alpha_cum_end} and ${gamma_cum_start} → ${gamma_cum_end}.`,
    )
  if (1 - alpha_cum_end <= replacementTolerance)
    throw new ConfigError(`alpha_cum_end needs to be below 1, else the process adds no noise; given ${alpha_cum_end}.`)
  // β and ᾱ are linear in t, so β/ᾱ is monotonic. If it falls, some one-step replace probability is negative.
  const start = 1 - alpha_cum_start - gamma_cum_start
  const end = 1 - alpha_cum_end - gamma_cum_end
  if (end * alpha_cum_start - start * alpha_cum_end < -replacementTolerance)
    throw new ConfigError(
      '(1 − alpha_cum − gamma_cum) / alpha_cum must not fall with t, else a replace probability is negative; ' +
        `given ${start / alpha_cum_start} → ${end / alpha_cum_end}.`,
    )
}

/** The cumulative replace probability 1 − ᾱ − γ̄; 0 if it is within rounding of 0. */
export function replaceProbability(alphaCum: number, gammaCum: number): number {
  const beta = 1 - alphaCum - gammaCum
  return Math.abs(beta) <= replacementTolerance ? 0 : beta
}

type Key = keyof VQDiffusionSchedulerConfig

function requireInteger(config: VQDiffusionSchedulerConfig, key: Key, minimum: number, maximum: number): void {
  const value: unknown = config[key]
  if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum)
    throw new ConfigError(
      `${key} needs to be an integer of at least ${minimum} and at most ${maximum}; given ${valueText(value)}.`,
    )
}

function requireProbability(config: VQDiffusionSchedulerConfig, key: Key): void {
  const value: unknown = config[key]
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    throw new ConfigError(`${key} needs to be a number from 0 to 1; given ${valueText(value)}.`)
}

/** Throws ConfigError unless each latent pixel has a range of ordinary classes, or there are no ranges. */
function requireClassRange({ class_range, num_vec_classes }: VQDiffusionSchedulerConfig): void {
  if (class_range === undefined) return
  if (!Array.isArray(class_range) || class_range.length === 0)
    throw new ConfigError(
      `class_range needs to be a list with a pair [first, last] for each latent pixel; given ${valueText(class_range)}.`,
    )
  const last = num_vec_classes - 2
  for (const [pixel, pair] of class_range.entries()) {
    const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((value) => Number.isSafeInteger(value))
    if (!isPair || pair[0]! < 0 || pair[1]! < pair[0]! || pair[1]! > last)
      throw new ConfigError(
        `class_range needs pairs [first, last] of classes, 0 ≤ first ≤ last ≤ ${last}; ` +
          `given ${valueText(pair)} for latent pixel ${pixel}.`,
      )
  }
}
