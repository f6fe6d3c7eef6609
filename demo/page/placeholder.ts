import { rowAndColumn } from '../picture/cells'
import type { PictureSettings } from '../picture/settings'
import { NUM_LATENT_PIXELS, SIDE } from '../worker/protocol'
import type { Uncertainty } from './batch'

/** Dot sizes before the first picture, in the shape of a heart: (x² + y² − 1)³ < x² y³. */
export const placeholderDots: Uncertainty = Float32Array.from({ length: NUM_LATENT_PIXELS }, (_, cell) => {
  const [row, column] = rowAndColumn(cell)
  const x = (column - (SIDE - 1) / 2) / 5.2
  const y = ((SIDE - 1) / 2 + 0.6 - row) / 5.2
  const inside = Math.cbrt(x * x * y ** 3) - (x * x + y * y - 1)
  return 0.3 + 1.3 / (1 + Math.exp(-9 * inside))
})

/** Settings that draw what the placeholder shows; the form starts with them if the address has no prompt. */
export const placeholderSettings = { prompt: 'red heart', style: '3d' } satisfies Partial<PictureSettings>
