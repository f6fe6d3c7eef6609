import { elementCount, requireObject } from '../checks'
import { DtypeError, OptionError, ShapeError } from '../errors'
import { valueText } from '../value_text'
import type { HostArray } from './network'

/** Values of the model's further inputs by name: of one item, used for the whole batch, or of all B items in order. */
export type OnnxInputs = Readonly<Record<string, HostArray>>

/** The conditioning of a chain. It is read at the first step: pass another object for other values. */
export interface OnnxConditioning {
  /** Inputs of the conditional half of the batch. */
  readonly conditional: OnnxInputs
  /** The same inputs without the condition, needed for guidance. */
  readonly unconditional?: OnnxInputs
}

/**
 * The inputs of each part of the batch; with guidance the unconditional half comes first. Throws OptionError unless
 * every part has exactly the inputs `names`. For a model without such inputs, there need be no conditioning.
 */
export function batchParts(
  conditioning: OnnxConditioning | undefined,
  names: readonly string[],
  guided: boolean,
): OnnxInputs[] {
  if (conditioning === undefined && names.length === 0) return guided ? [{}, {}] : [{}]
  const needed = `{ ${names.join(', ')} }`
  requireObject('conditioning', conditioning, `an object { conditional: ${needed}, unconditional: ${needed} }`)
  const { conditional, unconditional } = conditioning
  const parts = guided ? { unconditional, conditional } : { conditional }
  return Object.entries(parts).map(([part, inputs]) => {
    if (inputs !== undefined) requireObject(`conditioning.${part}`, inputs)
    const given = inputs && Object.keys(inputs)
    if (given?.length !== names.length || names.some((name) => !given.includes(name)))
      throw new OptionError(
        `conditioning.${part} needs the model's inputs {${names.join(', ')}}; given ${given ? `{${given.join(', ')}}` : 'none'}.`,
      )
    return inputs!
  })
}

/** The ONNX type of an input. Throws DtypeError unless all parts have the same type, int32 or float32. */
export function typeOf(name: string, parts: readonly HostArray[]): 'int32' | 'float32' {
  if (parts.every((part) => part instanceof Int32Array)) return 'int32'
  if (parts.every((part) => part instanceof Float32Array)) return 'float32'
  throw new DtypeError(
    `The input '${name}' needs an Int32Array or a Float32Array, the same in all its parts; given ` +
      `${parts.map(valueText).join(' and ')}.`,
  )
}

/**
 * One input for the whole batch, of this shape. Throws ShapeError unless each part holds one item or all of its items.
 */
export function batchInput(name: string, parts: readonly HostArray[], shape: readonly number[]): HostArray {
  const item = elementCount(shape.slice(1))
  const partSize = elementCount(shape) / parts.length
  const values = new (parts[0] instanceof Int32Array ? Int32Array : Float32Array)(elementCount(shape))
  for (const [index, part] of parts.entries()) {
    if (part.length !== item && part.length !== partSize)
      throw new ShapeError(
        `The input '${name}' needs ${item} values for one item, or ${partSize} for the batch; given ${part.length}.`,
      )
    for (let offset = 0; offset < partSize; offset += part.length) values.set(part, index * partSize + offset)
  }
  return values
}
