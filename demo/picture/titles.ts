import { splitWords } from 'vq-diffusion-webgpu/onnx'
import { nameEmoji } from './emoji_names'
import { type PictureSettings, STYLES } from './settings'

/** A picture's title on the page: “red heart, 3D · Fluent”. */
export function titleOf({ prompt, style }: Pick<PictureSettings, 'prompt' | 'style'>): string {
  return `${prompt || 'Anything'}, ${STYLES[style]}`
}

/** A picture's file name without extension: “red-heart-3d-7”, or “red-heart-3d-7-unfinished”. */
export function fileNameOf(
  { prompt, style, seed }: Pick<PictureSettings, 'prompt' | 'style' | 'seed'>,
  unfinished = false,
): string {
  return [...splitWords(nameEmoji(prompt)), style, seed, ...(unfinished ? ['unfinished'] : [])].join('-')
}
