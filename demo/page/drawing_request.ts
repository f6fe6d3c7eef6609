import { inverted, type Mask } from '../picture/cells'
import type { Origin } from '../picture/picture'
import type { PageSettings } from '../picture/settings'
import type { DrawingOptions, Tokens } from '../worker/protocol'

/** A finished picture that a drawing starts from. */
export interface StartPicture {
  tokens: Tokens
  bitmap: ImageBitmap
}

/** Start from noise, from a noised picture (image-to-image), or from a picture with some cells removed (inpainting). */
export type Start =
  | { kind: 'noise' }
  | { kind: 'picture'; picture: StartPicture; strength: number }
  | { kind: 'cells'; picture: StartPicture; mask: Mask }

export interface DrawingRequest {
  settings: PageSettings
  start: Start
}

/** The worker's options for a request. `text` are the tokens of prompt and style. */
export function drawingOptions(
  { settings, start }: DrawingRequest,
  text: Int32Array,
  livePreview: boolean,
): DrawingOptions {
  const { count, steps, guidance, priorWeight, spacing } = settings
  const repeat = <Value>(value: Value) => Array.from({ length: count }, () => value)
  // Purity sampling supports neither inpainting nor truncation.
  const method = start.kind === 'cells' ? 'posterior' : settings.method
  return {
    text,
    seeds: seedsOf(settings.seed, count),
    steps,
    guidance,
    truncation: method === 'purity' ? 1 : settings.truncation,
    method,
    priorWeight,
    spacing,
    livePreview,
    ...(start.kind === 'picture' && { image: { tokens: repeat(start.picture.tokens), strength: start.strength } }),
    ...(start.kind === 'cells' && {
      known: { tokens: repeat(start.picture.tokens), keep: repeat(inverted(start.mask)) },
    }),
  }
}

/** Seeds count up from the first, at most to the largest safe integer. */
export function seedsOf(seed: number, count: number): number[] {
  const first = Math.min(seed, Number.MAX_SAFE_INTEGER - count + 1)
  return Array.from({ length: count }, (_, i) => first + i)
}

export function originOf({ kind }: Start): Origin {
  return ({ noise: 'drawn', picture: 'varied', cells: 'repainted' } as const)[kind]
}
