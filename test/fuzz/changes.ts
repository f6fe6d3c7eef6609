import fc from 'fast-check'
import {
  type BufferFault,
  bufferFaults,
  type CallDescription,
  isDescribed,
  isPlain,
  type TensorDescription,
} from './descriptions'
import { wrongValues } from './wrong_values'

/** One parameter, option or element of a list that is changed to another value, which is wrong most of the time. */
export type Change = { readonly place: number } & (
  | { readonly to: 'value'; readonly value: string }
  | { readonly to: 'number'; readonly number: number }
  | { readonly to: 'nothing' }
  | { readonly to: 'unknown option' }
  | { readonly to: 'dtype'; readonly dtype: TensorDescription['dtype'] }
  | { readonly to: 'shape'; readonly axis: number; readonly by: number }
  | { readonly to: 'axes'; readonly swap: boolean }
  | { readonly to: 'same'; readonly other: number }
  | { readonly to: 'place'; readonly state: 'destroyed' | BufferFault }
)

export const changes: fc.Arbitrary<Change> = fc
  .tuple(
    fc.nat(1000),
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(...Object.keys(wrongValues)).map((value) => ({ to: 'value' as const, value })),
      },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(-2, -1, 0.5, 1.5, 2, 21, 64, 71, 1000)
          .map((number) => ({ to: 'number' as const, number })),
      },
      { weight: 1, arbitrary: fc.constant({ to: 'nothing' as const }) },
      { weight: 1, arbitrary: fc.constant({ to: 'unknown option' as const }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('f32', 'u32', 'i32').map((dtype) => ({ to: 'dtype' as const, dtype }) as const),
      },
      {
        weight: 1,
        arbitrary: fc.record({ to: fc.constant('shape' as const), axis: fc.nat(2), by: fc.constantFrom(1, -1, 2) }),
      },
      { weight: 1, arbitrary: fc.boolean().map((swap) => ({ to: 'axes' as const, swap })) },
      { weight: 1, arbitrary: fc.nat(20).map((other) => ({ to: 'same' as const, other })) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('destroyed', ...bufferFaults).map((state) => ({ to: 'place', state }) as const),
      },
    ),
  )
  .map(([place, change]) => ({ place, ...change }) as Change)

type Path = readonly string[]

/** The call with one of its values changed. */
export function changed(given: CallDescription, change: Change): CallDescription {
  // The twin has no halves: it takes some where the GPU needs floats, or two of a kind.
  const call = change.to === 'dtype' || change.to === 'same' ? withFloats(given) : given
  // Of several chains, each has its options in a list with its network.
  const places = pathsIn(call.parameters).filter(([, second]) => call.method !== 'several chains' || second === '0')
  const tensors = places.filter((path) => isDescribed(valueAt(call.parameters, path), 'tensor'))
  const ofTensors = ['dtype', 'shape', 'axes', 'same', 'place'].includes(change.to)
  const candidates = ofTensors ? tensors : places
  if (candidates.length === 0) return call
  const path = candidates[change.place % candidates.length]!
  const replaced = (value: unknown) => ({
    ...call,
    valid: false,
    parameters: replace(call.parameters, path, value) as readonly unknown[],
  })
  const value = valueAt(call.parameters, path)
  const tensor = value as TensorDescription
  switch (change.to) {
    case 'value':
      return replaced({ $: 'wrong', value: change.value })
    case 'number':
      return replaced(change.number)
    case 'nothing':
      return replaced(undefined)
    case 'unknown option':
      return isPlain(value) ? replaced({ ...value, unknownOption: 1 }) : call
    case 'dtype':
      return replaced({ ...tensor, dtype: change.dtype })
    case 'shape':
      return replaced({
        ...tensor,
        shape: tensor.shape.map((size, axis) =>
          axis === change.axis % tensor.shape.length ? Math.max(0, size + change.by) : size,
        ),
      })
    case 'axes':
      return replaced({ ...tensor, shape: change.swap ? tensor.shape.toReversed() : tensor.shape.slice(1) })
    case 'place':
      // A step that is recorded is submitted by its caller, who then gets what WebGPU says.
      return without('encoder', replaced({ ...tensor, place: change.state }))
    case 'same':
      return replaced({ $: 'same', path: tensors[change.other % tensors.length]! })
  }
}

/** All places of a description where a value stands: parameters, options, elements of short lists. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  const own = path.length > 0 ? [path] : []
  if (Array.isArray(value))
    return [...own, ...value.slice(0, 4).flatMap((each, i) => pathsIn(each, [...path, String(i)]))]
  if (isPlain(value)) return [...own, ...Object.keys(value).flatMap((key) => pathsIn(value[key], [...path, key]))]
  // A network and what happens in a chain belong to the fuzz; only one engine has encoders.
  return ['network', 'event', 'encoder'].some((kind) => isDescribed(value, kind)) ? [] : own
}

function withFloats(call: CallDescription): CallDescription {
  const tensors = pathsIn(call.parameters).filter((path) => isDescribed(valueAt(call.parameters, path), 'tensor'))
  const parameters = tensors.reduce((all: unknown, path) => {
    const tensor = valueAt(all, path) as TensorDescription
    return tensor.dtype === 'f16' ? replace(all, path, { ...tensor, dtype: 'f32' }) : all
  }, call.parameters)
  return { ...call, parameters: parameters as readonly unknown[] }
}

/** The call without an option of its last parameter. */
function without(option: string, call: CallDescription): CallDescription {
  const last = call.parameters.at(-1)
  if (!isPlain(last) || !(option in last)) return call
  const { [option]: _, ...options } = last
  return { ...call, parameters: call.parameters.with(-1, options) }
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((each, key) => (each as Record<string, unknown>)[key], value)
}

function replace(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by
  const inner = replace((value as Record<string, unknown>)[key], rest, by)
  return Array.isArray(value) ? value.with(Number(key), inner) : { ...(value as object), [key]: inner }
}
