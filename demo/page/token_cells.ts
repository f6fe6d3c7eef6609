import { rowAndColumn } from '../picture/cells'
import { classColour } from '../trajectory/colours'
import { MASK_CLASS, PICTURE_PIXELS, SIDE, type Tokens } from '../worker/protocol'

/** Tokens as squares, with a colour for each class and nothing for the mask: what can be shown of a picture without the decoder. */
export function tokenCells(tokens: Tokens): ImageBitmap {
  const canvas = new OffscreenCanvas(PICTURE_PIXELS, PICTURE_PIXELS)
  const context = canvas.getContext('2d')!
  const side = PICTURE_PIXELS / SIDE
  for (const [cell, token] of tokens.entries()) {
    if (token === MASK_CLASS) continue
    const [row, column] = rowAndColumn(cell)
    context.fillStyle = classColour(token)
    context.fillRect(column * side, row * side, side, side)
  }
  return canvas.transferToImageBitmap()
}
