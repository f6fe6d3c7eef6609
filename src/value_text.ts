import { kindOf } from './kind'

/** Values as error messages show them. */

/** A shape for an error message. */
export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`
}

/** Elements of a list, or keys of an object, that a message shows. */
const shownElements = 16

/**
 * A value for an error message, so that its type can be told: strings are quoted, bigints end in n, tensors and other
 * objects are named.
 */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return `${quoted(value)} (string)`
  if (typeof value === 'function' && value.name) return `the function ${value.name}`
  if (typeof value === 'object' && value !== null) return objectText(value)
  return elementText(value)
}

/** The dtypes of both engines. */
const dtypePattern = /^(f16|f32|f64|u32|i32)$/

/** A dtype for an error message; other values than those of a tensor as they are. */
export function dtypeText(dtype: unknown): string {
  return typeof dtype === 'string' && dtypePattern.test(dtype) ? dtype : valueText(dtype)
}

/** Which engine's tensor an object is by its properties, also if it was made by another copy of the package. */
export function tensorClass(value: unknown): 'GpuTensor' | 'CpuTensor' | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { dtype, shape } = value as Record<string, unknown>
  if (typeof dtype !== 'string' || !dtypePattern.test(dtype) || !Array.isArray(shape)) return undefined
  return 'buffer' in value ? 'GpuTensor' : 'data' in value ? 'CpuTensor' : undefined
}

/** Why a tensor of the right class is not one of this module's. */
export const otherCopy = 'Another copy of vq-diffusion-webgpu made it: load the package once.'

function objectText(value: object): string {
  if (Array.isArray(value)) return listText(value)
  const kind = kindOf(value)
  if (kind === 'Promise') return 'a Promise; await it'
  const named = `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`
  if (ArrayBuffer.isView(value)) return `${named} of ${(value as Uint8Array).length ?? value.byteLength} elements`
  const tensor = tensorClass(value)
  const { shape, location, dims } = value as Record<string, unknown>
  if (tensor) return `a ${tensor} of shape ${listText(shape as number[])}`
  if (typeof location === 'string')
    return `a tensor at '${location}'${Array.isArray(dims) ? ` of shape ${listText(dims)}` : ''}`
  if (kind !== 'Object') return named
  const keys = Object.keys(value)
  return keys.length === 0 ? 'an empty object' : `{ ${firstOf(keys)} }`
}

function listText(values: readonly unknown[]): string {
  return `[${firstOf(Array.from(values.slice(0, shownElements + 1), elementText))}]`
}

function firstOf(texts: readonly string[]): string {
  return texts.length > shownElements ? `${texts.slice(0, shownElements).join(', ')}, …` : texts.join(', ')
}

/** A text in quotes; of a long one, the beginning. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

function elementText(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}'
  return Object.is(value, -0) ? '-0' : String(value)
}
