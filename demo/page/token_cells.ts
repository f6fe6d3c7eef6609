import { rowAndColumn } from '../picture/cells'
import type { Picture } from '../picture/picture'
import { classColour } from '../trajectory/colours'
import type { Size } from '../worker/protocol'

/** Tokens as squares, with a colour for each class and nothing for the mask: what can be shown of a picture without the decoder. */
export function tokenCells({ tokens, grid }: Pick<Picture, 'tokens' | 'grid'>, { width, height }: Size): ImageBitmap {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')!
  const [cellWidth, cellHeight] = [width / grid.width, height / grid.height]
  for (const [cell, token] of tokens.entries()) {
    if (token === grid.numCodes) continue
    const [row, column] = rowAndColumn(cell, grid)
    context.fillStyle = classColour(token)
    context.fillRect(column * cellWidth, row * cellHeight, cellWidth, cellHeight)
  }
  return canvas.transferToImageBitmap()
}
