import type { Model } from '../model/model'
import type { BackendChoice, SamplerSettings } from '../worker/protocol'

/** The drawing styles of the sticker model: names in its tokenizer, and labels on the page. */
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
export function styleOption(style: Style | undefined): { style?: string } {
  return style === undefined || style === 'any' ? {} : { style }
}

/** The style of a picture with this seed where any will do, so that pictures whose seeds count up show one after another. */
export function styleOfSeed(seed: number): Style {
  const [, ...styles] = Object.keys(STYLES) as Style[]
  return styles[seed % styles.length]!
}

interface Range {
  min: number
  max: number
  default: number
  integer: boolean
}

/** Ranges and defaults for a model: guidance above 10 gives noise. */
export function rangesOf({ defaults, scheduler, isGuidable, numClasses = 1 }: Model) {
  const { num_train_timesteps: T } = scheduler
  return {
    steps: { min: 1, max: T, default: defaults.steps, integer: true },
    // What a folder recommends is within them.
    guidance: {
      min: 1,
      max: isGuidable ? Math.max(10, defaults.guidance) : 1,
      default: defaults.guidance,
      integer: false,
    },
    guidedFrom: { min: 0, max: T - 1, default: defaults.guidedFrom, integer: true },
    guidedTo: { min: 0, max: T - 1, default: defaults.guidedTo, integer: true },
    seed: { min: 0, max: Number.MAX_SAFE_INTEGER, default: 7, integer: true },
    count: { min: 1, max: 16, default: 1, integer: true },
    truncation: { min: Math.min(0.05, defaults.truncation), max: 1, default: defaults.truncation, integer: false },
    priorWeight: { min: 0, max: 10, default: 1, integer: false },
    classLabel: { min: 0, max: numClasses - 1, default: 0, integer: true },
  } satisfies Record<string, Range>
}

/** The least strength above 0 at which a picture is drawn from: that of the last timestep of the list. */
export function leastStrength({ steps, spacing }: Pick<SamplerSettings, 'steps' | 'spacing'>, model: Model): number {
  const { num_train_timesteps: T } = model.scheduler
  return (spacing === 'leading' ? 1 : Math.floor(T / steps + 0.5)) / T
}

/** Whether no timestep is left of a picture that is drawn from. At strength 0 that is asked for. */
export function drawsNothing(
  strength: number,
  settings: Pick<SamplerSettings, 'steps' | 'spacing'>,
  model: Model,
): boolean {
  return strength > 0 && strength < leastStrength(settings, model)
}

export const METHODS = { posterior: 'Posterior', purity: 'Purity' } as const
export const SPACINGS = { exact: 'Exact', leading: 'Leading' } as const

export type NumberName = keyof ReturnType<typeof rangesOf>
export type Style = keyof typeof STYLES

/** The settings that determine one picture. */
export interface PictureSettings extends SamplerSettings {
  prompt: string
  /** What the picture should not show; guidance leads away from it. */
  negative: string
  /** Of the sticker model. */
  style?: Style
  /** Of a model of classes. */
  classLabel?: number
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
export function readNumber(name: NumberName, text: string | null, model: Model): number {
  const range: Range = rangesOf(model)[name]
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
 * What an address of the sticker model that names its steps means where it lacks these. Every address of the page names its steps; before the page
 * had presets, it guided all steps, and left out a truncation of 0.86.
 */
const BEFORE_PRESETS = { guidance: '2.5', truncation: '0.86', guidedFrom: '0', guidedTo: '99' }

export function readSettings(given: URLSearchParams, model: Model): PageSettings {
  const isOld = model.isStickers && given.has('steps')
  const query = isOld ? new URLSearchParams({ ...BEFORE_PRESETS, ...Object.fromEntries(given) }) : given
  const number = (name: NumberName) => readNumber(name, query.get(name), model)
  const words = (name: string) => (model.condition === 'text' ? (query.get(name) ?? '') : '')
  const guidedFrom = number('guidedFrom')
  return {
    prompt: words('prompt'),
    negative: words('negative'),
    ...(model.isStickers && { style: readName(STYLES, query.get('style')) }),
    ...(model.condition === 'class' && { classLabel: number('classLabel') }),
    steps: number('steps'),
    guidance: number('guidance'),
    guidedFrom,
    guidedTo: Math.max(guidedFrom, number('guidedTo')),
    seed: number('seed'),
    count: number('count'),
    truncation: number('truncation'),
    method: readName(METHODS, query.get('method')),
    priorWeight: number('priorWeight'),
    spacing: readName(SPACINGS, query.get('spacing')),
  }
}

/** What the form takes: sticker captions are short; the tokenizers of other models cut where they have to. */
export function maxPromptCharacters({ isStickers }: Model): number {
  return isStickers ? 200 : 1000
}

/** Settings from an untrusted query: always valid, with words no longer than the form allows. */
export function readPictureSettings(query: URLSearchParams, model: Model): PictureSettings {
  const settings = withoutCount(readSettings(query, model))
  const cut = (words: string) => [...words].slice(0, maxPromptCharacters(model)).join('')
  return { ...settings, prompt: cut(settings.prompt), negative: cut(settings.negative) }
}

export function readBackendChoice(query: URLSearchParams): BackendChoice {
  return {
    engine: oneOf(['webgpu', 'cpu'], query.get('engine')),
    network: oneOf(['webgpu', 'wasm'], query.get('network')),
  }
}

/** Other settings are left out of the address while they have their default, to keep it short. */
const ALWAYS_WRITTEN = ['style', 'classLabel', 'seed', 'steps', 'guidance', 'guidedFrom', 'guidedTo', 'truncation']

/** A copy of `query` with `settings` written into it. Keeps other parameters. */
export function writeSettings(query: URLSearchParams, settings: PageSettings, model: Model): URLSearchParams {
  const defaults = readSettings(new URLSearchParams(), model)
  const isAlwaysWritten = (name: string) =>
    ALWAYS_WRITTEN.includes(name) || (name === 'prompt' && model.condition === 'text')
  const written = new URLSearchParams(query)
  for (const [name, value] of Object.entries(settings)) {
    if (isAlwaysWritten(name) || value !== defaults[name as keyof PageSettings]) written.set(name, String(value))
    else written.delete(name)
  }
  return written
}
