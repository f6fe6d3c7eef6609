import { ShapeError } from '../errors'

/** An axis of a model's tensor: its size, or its name (or −1) if it can be of any size. */
export type Axis = number | string

/** Throws ShapeError unless a model that declares this shape takes a tensor of that one. */
export function requireFit(name: string, declared: readonly Axis[], shape: readonly number[]): void {
  if (declared.length !== shape.length || declared.some((axis, i) => isFixed(axis) && axis !== shape[i]))
    throw new ShapeError(
      `The model's '${name}' has the shape [${declared.join(', ')}]; needed is [${shape.join(', ')}].`,
    )
}

/** The declared shape of a batch of this size. Throws ShapeError if another axis than the batch has no size. */
export function batchShape(name: string, declared: readonly Axis[], batchSize: number): number[] {
  const items = declared.slice(1).filter(isFixed)
  if (items.length !== declared.length - 1)
    throw new ShapeError(
      `The model's '${name}' has the shape [${declared.join(', ')}]; it needs a batch axis, and all others of fixed size.`,
    )
  requireFit(name, declared, [batchSize, ...items])
  return [batchSize, ...items]
}

function isFixed(axis: Axis): axis is number {
  return typeof axis === 'number' && axis >= 0
}
