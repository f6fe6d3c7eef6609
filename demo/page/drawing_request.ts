import { inverted, type Mask } from '../picture/mask'
import type { Origin } from '../picture/picture'
import type { PageSettings } from '../picture/settings'
import type { Drawing, Tokens } from '../worker/protocol'

/** A finished picture, as far as others can start from it. */
export interface Base {
  tokens: Tokens
  bitmap: ImageBitmap
}

/** Where a drawing starts: from noise, from a picture that is partly noised, or from one with some cells taken out. */
export type Start =
  | { kind: 'noise' }
  | { kind: 'picture'; base: Base; strength: number }
  | { kind: 'cells'; base: Base; mask: Mask }

/** What somebody wants to have drawn. */
export interface Order {
  settings: PageSettings
  start: Start
}

/** The order in the worker's words. `text` are the tokens of prompt and style. */
export function drawingOf({ settings, start }: Order, text: Int32Array, livePreview: boolean): Drawing {
  const { count, seed, steps, guidance, priorWeight, spacing } = settings
  const repeated = <Value>(value: Value) => Array.from({ length: count }, () => value)
  // Purity sampling knows neither known cells nor truncation.
  const method = start.kind === 'cells' ? 'posterior' : settings.method
  return {
    text,
    seeds: seedsOf(seed, count),
    ...{ steps, guidance, method, priorWeight, spacing, livePreview },
    truncation: method === 'purity' ? 1 : settings.truncation,
    ...(start.kind === 'picture' && { image: { tokens: repeated(start.base.tokens), strength: start.strength } }),
    ...(start.kind === 'cells' && {
      known: { tokens: repeated(start.base.tokens), keep: repeated(inverted(start.mask)) },
    }),
  }
}

/** The pictures of one order count up from its seed, so each can be drawn again alone. */
export function seedsOf(seed: number, count: number): number[] {
  const first = Math.min(seed, Number.MAX_SAFE_INTEGER - count + 1)
  return Array.from({ length: count }, (_, i) => first + i)
}

export function originOf({ kind }: Start): Origin {
  return ({ noise: 'drawn', picture: 'varied', cells: 'repainted' } as const)[kind]
}
