import type { TokenGrid } from '../model/model'
import type { Tokens } from '../worker/protocol'
import type { PictureSettings } from './settings'

/** How a picture was made. */
export type Origin = 'drawn' | 'varied' | 'repainted' | 'from image' | 'opened'

/** A finished picture with its provenance. */
export interface Picture {
  readonly tokens: Tokens
  /** Of the model that drew it. */
  readonly grid: TokenGrid
  readonly settings: PictureSettings
  readonly origin: Origin
  /** SHA-256 of the denoiser that drew it, in hexadecimal; a share link has only its first characters. */
  readonly modelHash: string
  /** Its drawing was stopped: the tokens are what the network expected at the last step. */
  readonly unfinished?: true
}

export function sameTokens(a: Tokens, b: Tokens): boolean {
  return a.length === b.length && a.every((token, cell) => token === b[cell])
}
