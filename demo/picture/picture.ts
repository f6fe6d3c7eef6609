import type { SamplerSettings, Tokens } from '../worker/protocol'
import type { Settings } from './settings'

/** How a picture came to be: drawn from noise, or from another picture. */
export type Origin = 'drawn' | 'varied' | 'repainted' | 'from image' | 'opened'

/** A finished picture and all that it was made from. */
export interface Picture {
  readonly tokens: Tokens
  readonly settings: Settings & SamplerSettings
  readonly origin: Origin
  /** SHA-256 of the model that drew it, hex. */
  readonly modelHash: string
}
