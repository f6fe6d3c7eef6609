import type { WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { inverted, type Mask } from '../picture/cells'
import { nameEmoji } from '../picture/emoji_names'
import type { Origin, Picture } from '../picture/picture'
import {
  type PageSettings,
  type PictureSettings,
  type Style,
  styleOfSeed,
  styleOption,
  withoutCount,
} from '../picture/settings'
import type { DrawingCondition, DrawingOptions, DrawingPosition, Tokens } from '../worker/protocol'

/** A finished picture that a drawing starts from. */
export interface StartPicture {
  tokens: Tokens
  bitmap: ImageBitmap
  /** What it was drawn in; undefined for an image from elsewhere. */
  style?: Style
}

/** A picture that the form starts from, with its name on the page. */
export interface Source extends StartPicture {
  name: string
}

/** Start from noise, from a noised picture (image-to-image), or from a picture with some cells removed (inpainting). */
export type Start =
  /** With the style of a picture that is drawn again. */
  | { kind: 'noise'; style?: Style }
  | { kind: 'picture'; picture: StartPicture; strength: number }
  | { kind: 'cells'; picture: StartPicture; mask: Mask }

/** A picture to start from. */
export function startPicture({ tokens, settings, origin }: Picture, bitmap: ImageBitmap): StartPicture {
  return { tokens, bitmap, ...(origin !== 'from image' && settings.style && { style: settings.style }) }
}

export interface DrawingRequest {
  settings: PageSettings
  start: Start
}

/**
 * The settings of each picture, by which it can be drawn again alone: with its seed and, where any style will do, with that of
 * the picture that it starts from or one of its own.
 */
export function pictureSettings({ settings, start }: DrawingRequest): PictureSettings[] {
  const { style } = settings
  const given = style !== 'any' ? style : start.kind === 'noise' ? start.style : start.picture.style
  return seedsOf(settings.seed, settings.count).map((seed) => ({
    ...withoutCount(settings),
    seed,
    ...(style && { style: given ?? styleOfSeed(seed) }),
  }))
}

/** [16] tokens of the style and the words of a sticker. */
export function encode(
  { prompt, style }: Pick<PictureSettings, 'prompt' | 'style'>,
  tokenizer: WordTokenizer,
): Int32Array {
  return tokenizer.encode(nameEmoji(prompt), styleOption(style)).ids
}

/** The tokens of style and words of each sticker, and of what none of them should show; without a tokenizer words or a class. */
export function conditionOf(request: DrawingRequest, tokenizer: WordTokenizer | undefined): DrawingCondition {
  const { prompt, negative, classLabel } = request.settings
  if (classLabel !== undefined) return { classLabel }
  if (tokenizer === undefined) return { words: { prompt, negative } }
  const texts = pictureSettings(request).map((settings) => encode(settings, tokenizer))
  return {
    text: Int32Array.from(texts.flatMap((ids) => [...ids])),
    ...(negative !== '' && { negativeText: encode({ prompt: negative, style: 'any' }, tokenizer) }),
  }
}

/** The worker's options for a request, with its `conditionOf`; `from` continues a stopped drawing. */
export function drawingOptions(
  { settings, start }: DrawingRequest,
  condition: DrawingCondition,
  livePreview: boolean,
  from?: DrawingPosition,
): DrawingOptions {
  const { count, steps, guidance, guidedFrom, guidedTo, priorWeight, spacing } = settings
  const repeat = <Value>(value: Value) => Array.from({ length: count }, () => value)
  // Purity sampling supports neither inpainting nor truncation.
  const method = start.kind === 'cells' ? 'posterior' : settings.method
  return {
    ...condition,
    seeds: seedsOf(settings.seed, count),
    steps,
    guidance,
    guidedFrom,
    guidedTo,
    truncation: method === 'purity' ? 1 : settings.truncation,
    method,
    priorWeight,
    spacing,
    livePreview,
    ...(from && { from }),
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
