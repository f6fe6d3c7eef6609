import type { SamplerSettings } from '../worker/protocol'

/** The model's drawing styles, as its tokenizer names them, and what they are called on the page. */
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

/**
 * What the model was trained for: 100 timesteps; more guidance than 10 draws nothing but noise. The usual truncation is
 * its card's.
 */
export const RANGES = {
  steps: { min: 1, max: 100, usual: 16, whole: true },
  guidance: { min: 1, max: 10, usual: 2.5, whole: false },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, usual: 7, whole: true },
  count: { min: 1, max: 16, usual: 1, whole: true },
  truncation: { min: 0.05, max: 1, usual: 0.86, whole: false },
  priorWeight: { min: 0, max: 10, usual: 1, whole: false },
} as const

export const METHODS = { posterior: 'Posterior', purity: 'Purity' } as const
export const SPACINGS = { exact: 'Exact', leading: 'Leading' } as const

export type NumberName = keyof typeof RANGES
export type Style = keyof typeof STYLES
export type Engine = 'webgpu' | 'cpu'
export type Network = 'webgpu' | 'wasm'

/** What a person asks for. */
export interface Settings {
  prompt: string
  style: Style
  steps: number
  guidance: number
  seed: number
}

/** All that decides which picture is drawn. */
export type PictureSettings = Settings & SamplerSettings

/** All that the page can be set to: how many pictures, with seeds that count up from `seed`. */
export interface PageSettings extends PictureSettings {
  count: number
}

/** What runs the scheduler and the network; undefined leaves the choice to the page. */
export interface BackendChoice {
  engine: Engine | undefined
  network: Network | undefined
}

/** The number in `text`, rounded and clamped to its range; the usual one when it is no number. */
export function readNumber(name: NumberName, text: string | null): number {
  const { min, max, usual, whole } = RANGES[name]
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isNaN(value)) return usual
  return Math.min(max, Math.max(min, whole ? Math.round(value) : value))
}

/** `text` where it is a key of `names`, else the first of them. */
export function readName<Name extends string>(names: Record<Name, string>, text: string | null): Name {
  const keys = Object.keys(names) as Name[]
  return oneOf(keys, text) ?? keys[0]!
}

function oneOf<T extends string>(allowed: readonly T[], text: string | null): T | undefined {
  return allowed.find((value) => value === text)
}

export function readSettings(query: URLSearchParams): PageSettings {
  return {
    prompt: query.get('prompt') ?? '',
    style: readName(STYLES, query.get('style')),
    steps: readNumber('steps', query.get('steps')),
    guidance: readNumber('guidance', query.get('guidance')),
    seed: readNumber('seed', query.get('seed')),
    count: readNumber('count', query.get('count')),
    truncation: readNumber('truncation', query.get('truncation')),
    method: readName(METHODS, query.get('method')),
    priorWeight: readNumber('priorWeight', query.get('priorWeight')),
    spacing: readName(SPACINGS, query.get('spacing')),
  }
}

export function readBackendChoice(query: URLSearchParams): BackendChoice {
  return {
    engine: oneOf(['webgpu', 'cpu'], query.get('engine')),
    network: oneOf(['webgpu', 'wasm'], query.get('network')),
  }
}

/** The engine room's settings are left out of an address as long as they are the usual ones, for its beauty. */
const ALWAYS_WRITTEN = ['prompt', 'style', 'steps', 'guidance', 'seed']

/** The query with `settings` in it; parameters that are no setting stay as they are. */
export function writeSettings(query: URLSearchParams, settings: PageSettings): URLSearchParams {
  const usual = readSettings(new URLSearchParams())
  const written = new URLSearchParams(query)
  for (const [name, value] of Object.entries(settings)) {
    if (ALWAYS_WRITTEN.includes(name) || value !== usual[name as keyof PageSettings]) written.set(name, String(value))
    else written.delete(name)
  }
  return written
}
