import { splitWords } from 'vq-diffusion-webgpu/onnx'
import { nameEmoji } from './emoji_names'
import { type PictureSettings, STYLES } from './settings'

type Named = Pick<PictureSettings, 'prompt' | 'style' | 'classLabel'>

/** A picture's title on the page: “red heart, 3D · Fluent”, or “Class 207”. */
export function titleOf(settings: Named): string {
  const { style } = settings
  return [subjectOf(settings), ...(style ? [STYLES[style]] : [])].join(', ')
}

/** What a picture shows, whatever its style: “red heart”, “Class 207”. */
export function subjectOf({ prompt, classLabel }: Named): string {
  return classLabel === undefined ? prompt || 'Anything' : `Class ${classLabel}`
}

/** File systems take names of some 250 characters. */
const MAX_WORDS = 20

/** A picture's file name without extension: “red-heart-3d-7”, or “red-heart-3d-7-unfinished”. */
export function fileNameOf(
  { prompt, style, classLabel, seed }: Named & Pick<PictureSettings, 'seed'>,
  unfinished = false,
): string {
  const words = splitWords(nameEmoji(prompt)).slice(0, MAX_WORDS)
  const shown = classLabel === undefined ? words : ['class', classLabel]
  return [...shown, ...(style ? [style] : []), seed, ...(unfinished ? ['unfinished'] : [])].join('-')
}
