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

/** What the model was trained for: 100 timesteps; more guidance than 10 draws nothing but noise. */
export const RANGES = {
  steps: { min: 1, max: 100, usual: 16, whole: true },
  guidance: { min: 1, max: 10, usual: 2.5, whole: false },
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER, usual: 7, whole: true },
} as const

export type Style = keyof typeof STYLES
export type Engine = 'webgpu' | 'cpu'
export type Network = 'webgpu' | 'wasm'

/** All that decides which picture is drawn. */
export interface Settings {
  prompt: string
  style: Style
  steps: number
  guidance: number
  seed: number
}

/** What runs the scheduler and the network; undefined leaves the choice to the page. */
export interface BackendChoice {
  engine: Engine | undefined
  network: Network | undefined
}

/** The number in `text`, rounded and clamped to its range; the usual one when it is no number. */
export function readNumber(name: keyof typeof RANGES, text: string | null): number {
  const { min, max, usual, whole } = RANGES[name]
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isNaN(value)) return usual
  return Math.min(max, Math.max(min, whole ? Math.round(value) : value))
}

function oneOf<T extends string>(allowed: readonly T[], text: string | null): T | undefined {
  return allowed.find((value) => value === text)
}

export function readSettings(query: URLSearchParams): Settings {
  return {
    prompt: query.get('prompt') ?? '',
    style: oneOf(Object.keys(STYLES) as Style[], query.get('style')) ?? 'any',
    steps: readNumber('steps', query.get('steps')),
    guidance: readNumber('guidance', query.get('guidance')),
    seed: readNumber('seed', query.get('seed')),
  }
}

export function readBackendChoice(query: URLSearchParams): BackendChoice {
  return {
    engine: oneOf(['webgpu', 'cpu'], query.get('engine')),
    network: oneOf(['webgpu', 'wasm'], query.get('network')),
  }
}

/** The query with `settings` in it; parameters that are no setting stay as they are. */
export function writeSettings(query: URLSearchParams, settings: Settings): URLSearchParams {
  const written = new URLSearchParams(query)
  for (const [name, value] of Object.entries(settings)) written.set(name, String(value))
  return written
}
