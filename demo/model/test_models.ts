import type { Model } from './model'
import { STICKERS } from './stickers'

/** Models that tests draw with beside the stickers. */

/** Ten classes on a grid of 3 × 5 tokens, opaque and without an encoder. */
export const CLASSES: Model = {
  ...STICKERS,
  name: 'ten classes',
  isStickers: false,
  grid: { height: 3, width: 5, numCodes: 24 },
  picture: { width: 10, height: 6 },
  hasAlpha: false,
  condition: 'class',
  numClasses: 10,
  hasEncoder: false,
  defaults: { ...STICKERS.defaults, steps: 6, guidance: 3, guidedFrom: 0, truncation: 1 },
}

/** Texts, of more codes than 12 bits tell apart. */
export const TEXTS: Model = {
  ...STICKERS,
  name: 'texts',
  isStickers: false,
  grid: { height: 4, width: 4, numCodes: 16_384 },
  hasAlpha: false,
  scheduler: { ...STICKERS.scheduler, num_train_timesteps: 50 },
  defaults: { ...STICKERS.defaults, steps: 25, guidance: 5, guidedFrom: 0, guidedTo: 49 },
}
