import { ShapeError } from './errors'
import type { Layout } from './options'

/** Number of elements of a shape. Throws ShapeError unless every dimension is a non-negative integer. */
export function elementCount(shape: readonly number[]): number {
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0)
      throw new ShapeError(`A shape needs non-negative integers; given ${shapeText(shape)}.`)
  }
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** [B, rows, N] for 'class-major', [B, N, rows] for 'pixel-major'. */
export function rowsShape(layout: Layout, batchSize: number, rows: number, numPixels: number): number[] {
  return layout === 'class-major' ? [batchSize, rows, numPixels] : [batchSize, numPixels, rows]
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis])
}

/** A shape for an error message. */
export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`
}
