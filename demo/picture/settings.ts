import { type BackendChoice, NUM_TRAIN_TIMESTEPS, type SamplerSettings } from '../worker/protocol'
import { PRESETS } from './presets'

/** The model's drawing styles: names in its tokenizer, and labels on the page. */
export const STYLES = {
  any: 'Any style',
  '3d': '3D · Fluent',
  flat: 'Flat · Fluent',
  noto: 'Noto',
  blob: 'Blob · early Noto',
  twemoji: 'Twemoji',
  emojione: 'EmojiOne',
  firefox: 'Firefox · FxEmoji',
} as const

/** The style as the library's tokenizer takes it. */
export function styleOption(style: Style): { style?: string } {
  return style === 'any' ? {} : { style }
}

/** The style of a picture with this seed where any will do, so that pictures whose seeds count up show one after another. */
export function styleOfSeed(seed: number): Style {
  const [, ...styles] = Object.keys(STYLES) as Style[]
  return styles[seed % styles.length]!
}

const LAST_TIMESTEP = NUM_TRAIN_TIMESTEPS - 1
const preset = PRESETS.default

/** Ranges and defaults for this model: guidance above 10 gives noise. */
export const RANGES = {
  steps: { min: 1, max: NUM_TRAIN_TIMESTEPS, default: preset.steps, integer: true },
  guidance: { min: 1, max: 10, default: preset.guidance, integer: false },
  guidedFrom: { min: 0, max: LAST_TIMESTEP, default: preset.guidedFrom, integer: true },
  guidedTo: { min: 0, max: LAST_TIMESTEP, default: preset.guidedTo, integer: true },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, default: 7, integer: true },
  count: { min: 1, max: 16, default: 1, integer: true },
  truncation: { min: 0.05, max: 1, default: preset.truncation, integer: false },
  priorWeight: { min: 0, max: 10, default: 1, integer: false },
} as const

/** The least strength above 0 at which a picture is drawn from: that of the last timestep of the list. */
export function leastStrength({ steps, spacing }: Pick<SamplerSettings, 'steps' | 'spacing'>): number {
  return (spacing === 'leading' ? 1 : Math.floor(NUM_TRAIN_TIMESTEPS / steps + 0.5)) / NUM_TRAIN_TIMESTEPS
}

/** Whether no timestep is left of a picture that is drawn from. At strength 0 that is asked for. */
export function drawsNothing(strength: number, settings: Pick<SamplerSettings, 'steps' | 'spacing'>): boolean {
  return strength > 0 && strength < leastStrength(settings)
}

export const METHODS = { posterior: 'Posterior', purity: 'Purity' } as const
export const SPACINGS = { exact: 'Exact', leading: 'Leading' } as const

export type NumberName = keyof typeof RANGES
export type Style = keyof typeof STYLES

/** The settings that determine one picture. */
export interface PictureSettings extends SamplerSettings {
  prompt: string
  /** What the picture should not show; guidance leads away from it. */
  negative: string
  style: Style
  seed: number
}

/** The settings of the page: `count` pictures, whose seeds count up from `seed`. */
export interface PageSettings extends PictureSettings {
  count: number
}

/** The settings without the number of pictures. */
export function withoutCount({ count: _, ...settings }: PageSettings): PictureSettings {
  return settings
}

/** The number in `text`, rounded and clamped to its range; the default if it is not a number. */
export function readNumber(name: NumberName, text: string | null): number {
  const range = RANGES[name]
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isNaN(value)) return range.default
  return Math.min(range.max, Math.max(range.min, range.integer ? Math.round(value) : value))
}

/** `text` if it is a key of `names`, else the first key. */
export function readName<Name extends string>(names: Record<Name, string>, text: string | null): Name {
  const keys = Object.keys(names) as Name[]
  return oneOf(keys, text) ?? keys[0]!
}

function oneOf<T extends string>(allowed: readonly T[], text: string | null): T | undefined {
  return allowed.find((value) => value === text)
}

/**
 * What an address that names its steps means where it lacks these. Every address of the page names its steps; before the page
 * had presets, it guided all steps, and left out a truncation of 0.86.
 */
const BEFORE_PRESETS = { guidance: '2.5', truncation: '0.86', guidedFrom: '0', guidedTo: String(LAST_TIMESTEP) }

export function readSettings(given: URLSearchParams): PageSettings {
  const query = given.has('steps') ? new URLSearchParams({ ...BEFORE_PRESETS, ...Object.fromEntries(given) }) : given
  const guidedFrom = readNumber('guidedFrom', query.get('guidedFrom'))
  return {
    prompt: query.get('prompt') ?? '',
    negative: query.get('negative') ?? '',
    style: readName(STYLES, query.get('style')),
    steps: readNumber('steps', query.get('steps')),
    guidance: readNumber('guidance', query.get('guidance')),
    guidedFrom,
    guidedTo: Math.max(guidedFrom, readNumber('guidedTo', query.get('guidedTo'))),
    seed: readNumber('seed', query.get('seed')),
    count: readNumber('count', query.get('count')),
    truncation: readNumber('truncation', query.get('truncation')),
    method: readName(METHODS, query.get('method')),
    priorWeight: readNumber('priorWeight', query.get('priorWeight')),
    spacing: readName(SPACINGS, query.get('spacing')),
  }
}

const MAX_PROMPT_CHARACTERS = 200

/** Settings from an untrusted query: always valid, with words no longer than the form allows. */
export function readPictureSettings(query: URLSearchParams): PictureSettings {
  const settings = withoutCount(readSettings(query))
  const cut = (words: string) => [...words].slice(0, MAX_PROMPT_CHARACTERS).join('')
  return { ...settings, prompt: cut(settings.prompt), negative: cut(settings.negative) }
}

export function readBackendChoice(query: URLSearchParams): BackendChoice {
  return {
    engine: oneOf(['webgpu', 'cpu'], query.get('engine')),
    network: oneOf(['webgpu', 'wasm'], query.get('network')),
  }
}

/** Other settings are left out of the address while they have their default, to keep it short. */
const ALWAYS_WRITTEN = ['prompt', 'style', 'seed', ...['steps', 'guidance', 'guidedFrom', 'guidedTo', 'truncation']]

/** A copy of `query` with `settings` written into it. Keeps other parameters. */
export function writeSettings(query: URLSearchParams, settings: PageSettings): URLSearchParams {
  const defaults = readSettings(new URLSearchParams())
  const written = new URLSearchParams(query)
  for (const [name, value] of Object.entries(settings)) {
    if (ALWAYS_WRITTEN.includes(name) || value !== defaults[name as keyof PageSettings])
      written.set(name, String(value))
    else written.delete(name)
  }
  return written
}
