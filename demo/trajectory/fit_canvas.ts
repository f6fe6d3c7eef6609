import type { TokenGrid } from '../model/model'

/**
 * Gives a canvas whole pixels for each cell, and about `resolution` along its longer side. A canvas that has them keeps what it
 * shows. Returns the side of a cell.
 */
export function fitCanvas(canvas: HTMLCanvasElement, { height, width }: TokenGrid, resolution: number): number {
  const side = Math.max(1, Math.floor(resolution / Math.max(height, width)))
  if (canvas.width !== side * width || canvas.height !== side * height) {
    canvas.width = side * width
    canvas.height = side * height
  }
  return side
}
