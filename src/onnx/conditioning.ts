import { DtypeError, OptionError, ShapeError } from '../errors'
import { elementCount } from '../tensor'
import type { HostArray } from './network'

/** Values of the model's further inputs, by name: those of one item for the whole batch, or of all B items in order. */
export type OnnxInputs = Readonly<Record<string, HostArray>>

/** What a picture shows. Taken once a picture: other values need another object. */
export interface OnnxConditioning {
  readonly conditional: OnnxInputs
  /** The same inputs without the condition, which guidance needs. */
  readonly unconditional?: OnnxInputs
}

/**
 * The inputs of each part of the batch: with guidance the unconditional half comes first.
 *
 * Throws OptionError unless every part gives exactly the inputs `names`.
 */
export function batchParts(
  { conditional, unconditional }: OnnxConditioning,
  names: readonly string[],
  guided: boolean,
): OnnxInputs[] {
  if (!guided) return [requireNames('conditional', conditional, names)]
  return [
    requireNames('unconditional', unconditional, names),
    requireNames('conditional', conditional, names),
  ]
}

function requireNames(part: string, inputs: OnnxInputs | undefined, names: readonly string[]): OnnxInputs {
  const given = inputs && Object.keys(inputs)
  if (given?.length !== names.length || names.some((name) => !given.includes(name)))
    throw new OptionError(
      `conditioning.${part} needs the model's inputs {${names.join(', ')}}; given ${given ? `{${given.join(', ')}}` : 'none'}.`,
    )
  return inputs!
}

/** The model's name for the type of an array. Throws DtypeError. */
export function typeOf(name: string, values: HostArray): 'int32' | 'float32' {
  if (values instanceof Int32Array) return 'int32'
  if (values instanceof Float32Array) return 'float32'
  throw new DtypeError(`The input '${name}' needs an Int32Array or a Float32Array.`)
}

/** One input of the whole batch, of this shape. Throws ShapeError unless each part holds one item or all of its items. */
export function batchInput(name: string, parts: readonly HostArray[], shape: readonly number[]): HostArray {
  const item = elementCount(shape.slice(1))
  const partSize = elementCount(shape) / parts.length
  const values = new (parts[0] instanceof Int32Array ? Int32Array : Float32Array)(elementCount(shape))
  for (const [index, part] of parts.entries()) {
    if (part.length !== item && part.length !== partSize)
      throw new ShapeError(
        `The input '${name}' needs ${item} values for all items, or ${partSize} for ${partSize / item} items; given ${part.length}.`,
      )
    for (let offset = 0; offset < partSize; offset += part.length) values.set(part, index * partSize + offset)
  }
  return values
}
