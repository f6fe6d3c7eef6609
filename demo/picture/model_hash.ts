import { isSameGrid, type Model, type TokenGrid } from '../model/model'
import { STICKERS } from '../model/stickers'
import type { Picture } from './picture'

/** A SHA-256 in hexadecimal or its first characters, from untrusted text; throws an Error with a sentence otherwise. */
export function readModelHash(text: unknown): string {
  if (typeof text === 'string' && /^[0-9a-f]{8,64}$/.test(text)) return text
  throw new Error('It does not say which model drew it.')
}

/** Whether two hashes, either of which may be cut short, belong to the same model. */
export function isSameModel(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

/** Sentence for a picture that cannot be shown, since its model has another grid; empty if it can. */
export function otherGridNotice({ grid, modelHash }: Pick<Picture, 'grid' | 'modelHash'>, model: Model): string {
  if (isSameGrid(grid, model.grid)) return ''
  const text = ({ width, height, numCodes }: TokenGrid) => `${width} × ${height} tokens of ${numCodes} codes`
  const cure = isSameGrid(grid, STICKERS.grid)
    ? 'Stickers open on the page without another model.'
    : 'Open that model first: drop its folder here.'
  return (
    `Another model drew this picture (${modelHash.slice(0, 8)}), of ${text(grid)}; that of this page, ${model.name}, has ` +
    `${text(model.grid)}. ${cure}`
  )
}

/** Sentence for a picture that another model than this page's drew; empty if it is the same model. */
export function otherModelNotice(pictureHash: string, pageHash: string): string {
  if (isSameModel(pictureHash, pageHash)) return ''
  const [theirs, ours] = [pictureHash, pageHash].map((hash) => hash.slice(0, 8))
  return `Another model drew this picture (${theirs}; here it is ${ours}), so it may look different here.`
}
