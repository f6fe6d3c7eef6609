import { ShapeError } from '../errors'
import type { Axis } from './session'

/** Sizes of the axes to which a model gives names. */
export type AxisSizes = Map<string, number>

/** Fits a shape to the one that a model declares, and learns the sizes of named axes. Throws ShapeError. */
export function fitShape(name: string, declared: readonly Axis[], shape: readonly number[], sizes: AxisSizes): void {
  const fits =
    declared.length === shape.length && declared.every((axis, i) => (sizeOf(axis, sizes) ?? shape[i]) === shape[i])
  if (!fits) throw new ShapeError(`The model's '${name}' has the shape ${text(declared)}; needed is ${text(shape)}.`)
  for (const [i, axis] of declared.entries()) if (typeof axis === 'string' && axis) sizes.set(axis, shape[i]!)
}

/** The shape that the model declares, with `batchSize` first and the named axes filled in. Throws ShapeError if one is unknown. */
export function resolveShape(name: string, declared: readonly Axis[], batchSize: number, sizes: AxisSizes): number[] {
  const shape = declared.map((axis, i) => (i === 0 ? batchSize : sizeOf(axis, sizes)))
  if (shape.length === 0 || shape.includes(undefined))
    throw new ShapeError(
      `The model's '${name}' has the shape ${text(declared)}, in which only the batch may be unknown; export it with fixed sizes.`,
    )
  const resolved = shape as number[]
  fitShape(name, declared, resolved, sizes)
  return resolved
}

function sizeOf(axis: Axis, sizes: AxisSizes): number | undefined {
  if (typeof axis === 'string') return sizes.get(axis)
  return axis >= 0 ? axis : undefined
}

function text(shape: readonly Axis[]): string {
  return `[${shape.join(', ')}]`
}
