import { type Settings, STYLES } from './settings'
import { splitWords } from './tokenizer'

/** What a picture is called: “red heart, 3D · Fluent”. */
export function titleOf({ prompt, style }: Pick<Settings, 'prompt' | 'style'>): string {
  return `${prompt || 'Anything'}, ${STYLES[style]}`
}

/** What its file is called, without an ending: “red-heart-3d-7”. */
export function fileNameOf({ prompt, style, seed }: Pick<Settings, 'prompt' | 'style' | 'seed'>): string {
  return [...splitWords(prompt), style, seed].join('-')
}
