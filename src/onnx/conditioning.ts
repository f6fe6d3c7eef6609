import { elementCount, requireObject } from '../checks'
import { DtypeError, OptionError, ShapeError } from '../errors'
import { kindOf } from '../kind'
import { arrayClass } from '../typed_arrays'
import { valueText } from '../value_text'
import type { HostArray, NetworkArray } from './network'

/** Values of the model's further inputs by name: of one item, used for the whole batch, or of all B items in order. */
export type OnnxInputs = Readonly<Record<string, HostArray>>

/**
 * The conditioning of a chain. Its values are copied when the chain begins; a call of the denoiser outside of a chain
 * copies them itself. Float16Arrays are taken as Float32Arrays.
 */
export interface OnnxConditioning {
  /** Inputs of the conditional half of the batch. */
  readonly conditional: OnnxInputs
  /** The same inputs without the condition, needed for guidance. */
  readonly unconditional?: OnnxInputs
}

/**
 * A copy that later changes of the given arrays do not reach. What is no typed array of numbers stays as it is, for
 * `batchParts` and `batchInput` to refuse where it is needed.
 */
export function copyConditioning(conditioning: OnnxConditioning | undefined): OnnxConditioning | undefined {
  const copyEach = <T>(values: T, copy: (value: unknown) => unknown): T =>
    kindOf(values) === 'Object'
      ? (Object.fromEntries(Object.entries(values as object).map(([name, value]) => [name, copy(value)])) as T)
      : values
  return copyEach(conditioning, (part) => copyEach(part, copyArray))
}

/** A detached array has no elements, and slice() would throw. */
function copyArray(value: unknown): unknown {
  return arrayClass(value).endsWith('Array') && (value as Int32Array).length > 0 ? (value as Int32Array).slice() : value
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
  const kinds = parts.map(arrayClass)
  if (kinds.every((kind) => kind === 'Int32Array')) return 'int32'
  if (kinds.every((kind) => kind === 'Float32Array' || kind === 'Float16Array')) return 'float32'
  throw new DtypeError(
    `The input '${name}' needs an Int32Array or a Float32Array, the same in all its parts; given ` +
      `${parts.map(valueText).join(' and ')}.`,
  )
}

/**
 * A copy of one input for the whole batch, of this shape. Throws ShapeError unless each part holds one item or all of its
 * items.
 */
export function batchInput(
  name: string,
  parts: readonly HostArray[],
  type: 'int32' | 'float32',
  shape: readonly number[],
): NetworkArray {
  const item = elementCount(shape.slice(1))
  const partSize = elementCount(shape) / parts.length
  const values = new (type === 'int32' ? Int32Array : Float32Array)(elementCount(shape))
  for (const [index, part] of parts.entries()) {
    if (part.length !== item && part.length !== partSize)
      throw new ShapeError(
        `The input '${name}' needs ${item} values for one item, or ${partSize} for the batch; given ${part.length}.`,
      )
    for (let offset = 0; offset < partSize; offset += part.length) values.set(part, index * partSize + offset)
  }
  return values
}
