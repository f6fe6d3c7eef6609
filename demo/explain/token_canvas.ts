import type { TokenGrid } from '../model/model'
import { rowAndColumn } from '../picture/cells'
import { classColour, rampColour } from '../trajectory/colours'
import { fitCanvas } from '../trajectory/fit_canvas'
import type { Tokens } from '../worker/protocol'

/** Radius of the dot on a masked cell, in cells. */
const DOT_RADIUS = 0.18
/** Of the longer side of a canvas, in pixels. */
const RESOLUTION = 512

/** The finished picture, whose pieces stand for its tokens. */
export interface Reference {
  readonly grid: TokenGrid
  readonly tokens: Tokens
  readonly bitmap: ImageBitmap
}

/**
 * Paints tokens on a canvas: where they are those of the finished picture, its piece; elsewhere a colour for the
 * class, and a dot for the mask in the canvas' CSS colour `--dot`.
 */
export function paintTokens(canvas: HTMLCanvasElement, tokens: Tokens, reference: Reference): void {
  const context = canvas.getContext('2d')!
  const dotColour = getComputedStyle(canvas).getPropertyValue('--dot')
  const { grid } = reference
  const side = fitCanvas(canvas, grid, RESOLUTION)
  paintPicture(canvas, reference.bitmap)
  for (const [cell, token] of tokens.entries()) {
    if (token === reference.tokens[cell]) continue
    const [x, y] = cornerOf(cell, side, grid)
    context.clearRect(x, y, side, side)
    if (token === grid.numCodes) {
      context.fillStyle = dotColour
      context.beginPath()
      context.arc(x + side / 2, y + side / 2, DOT_RADIUS * side, 0, 2 * Math.PI)
      context.fill()
    } else {
      context.fillStyle = classColour(token)
      context.fillRect(x, y, side, side)
    }
  }
}

/** @param highest end of the scale, in nats */
export function paintEntropy(canvas: HTMLCanvasElement, entropy: Float32Array, highest: number, grid: TokenGrid): void {
  const context = canvas.getContext('2d')!
  const side = fitCanvas(canvas, grid, RESOLUTION)
  for (const [cell, nats] of entropy.entries()) {
    context.fillStyle = rampColour(highest > 0 ? nats / highest : 0)
    context.fillRect(...cornerOf(cell, side, grid), side, side)
  }
}

export function paintPicture(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  clear(canvas)
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
}

export function clear(canvas: HTMLCanvasElement): void {
  canvas.getContext('2d')!.clearRect(0, 0, canvas.width, canvas.height)
}

function cornerOf(cell: number, side: number, grid: TokenGrid): [x: number, y: number] {
  const [row, column] = rowAndColumn(cell, grid)
  return [column * side, row * side]
}
