import { type Model, sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import { rowAndColumn } from '../picture/cells'
import type { PictureSettings } from '../picture/settings'
import type { Uncertainty } from './batch'

/** Size of the dots of a model of which nothing is known to show. */
const PLAIN = 0.5

/** Dot sizes before the first picture: for stickers in the shape of a heart, (x² + y² − 1)³ < x² y³. */
export function placeholderDots({ isStickers, grid }: Model): Uncertainty {
  if (!isStickers) return new Float32Array(sizeOf(grid)).fill(PLAIN)
  const { height, width } = STICKERS.grid
  return Float32Array.from({ length: sizeOf(STICKERS.grid) }, (_, cell) => {
    const [row, column] = rowAndColumn(cell, STICKERS.grid)
    const x = (column - (width - 1) / 2) / 5.2
    const y = ((height - 1) / 2 + 0.6 - row) / 5.2
    const inside = Math.cbrt(x * x * y ** 3) - (x * x + y * y - 1)
    return 0.3 + 1.3 / (1 + Math.exp(-9 * inside))
  })
}

/** Settings that draw what the placeholder shows; the form starts with them if the address has no prompt. */
export const placeholderSettings = { prompt: 'red heart', style: '3d' } satisfies Partial<PictureSettings>
