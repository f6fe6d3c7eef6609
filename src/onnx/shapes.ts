import { elementCount, requireObject } from '../checks'
import { DtypeError, ImageValueError, ShapeError } from '../errors'
import { arrayClass, type HalfArray } from '../typed_arrays'
import { shapeText, valueText } from '../value_text'

/** An axis of a model's tensor: its size or, if that is free, its name or −1. */
export type Axis = number | string

/** Throws ShapeError unless a tensor of `shape` fits the declared shape. */
export function requireFit(name: string, declared: readonly Axis[], shape: readonly number[]): void {
  if (declared.length !== shape.length || declared.some((axis, i) => isFixed(axis) && axis !== shape[i]))
    throw new ShapeError(`The model's '${name}' has the shape ${shapeText(declared)}; needed is ${shapeText(shape)}.`)
}

/** The declared shape with this batch size. Throws ShapeError if another axis than the batch is free. */
export function batchShape(name: string, declared: readonly Axis[], batchSize: number): number[] {
  const items = declared.slice(1).filter(isFixed)
  if (items.length !== declared.length - 1)
    throw new ShapeError(
      `The model's '${name}' has the shape ${shapeText(declared)}; it needs a batch axis, and all others of fixed size.`,
    )
  requireFit(name, declared, [batchSize, ...items])
  return [batchSize, ...items]
}

function isFixed(axis: Axis): axis is number {
  return typeof axis === 'number' && axis >= 0
}

/** Floats on the host with their shape, for instance what a network returned. */
export interface HostFloats {
  /** The values in row-major order; halves of networks in half precision too. */
  readonly data: Float32Array | HalfArray
  /** Sizes of the axes. */
  readonly shape: readonly number[]
}

/**
 * The values as a Float32Array: the given one, or a Float16Array converted. Throws OptionError, DtypeError or ShapeError
 * unless these are floats that fill their shape.
 */
export function floatsOf(name: string, value: HostFloats): Float32Array {
  requireObject(name, value, 'an object { data, shape }')
  const { data, shape } = value
  const kind = arrayClass(data)
  if (kind !== 'Float32Array' && kind !== 'Float16Array')
    throw new DtypeError(`${name} needs its data as a Float32Array; given ${valueText(data)}.`)
  const count = elementCount(shape)
  if (data.length !== count)
    throw new ShapeError(`${name} of shape ${shapeText(shape)} needs ${count} values; given ${data.length}.`)
  return kind === 'Float32Array' ? (data as Float32Array) : Float32Array.from(data)
}

/** Throws ImageValueError unless all values are finite. */
export function requireFinite(name: string, data: Float32Array): void {
  let invalid = 0
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) invalid++
  if (invalid > 0)
    throw new ImageValueError(
      `${name} needs finite values; ${invalid} of the given ${data.length} are NaN or infinite.`,
      invalid,
    )
}
