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
  if (typeof value === 'string') return `${elementText(value)} (string)`
  if (typeof value === 'function' && value.name) return `the function ${value.name}`
  if (typeof value === 'object' && value !== null) return objectText(value)
  return elementText(value)
}

function objectText(value: object): string {
  if (Array.isArray(value)) return listText(value)
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  if (kind === 'Promise') return 'a Promise; await it'
  const named = `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`
  if (ArrayBuffer.isView(value)) return `${named} of ${(value as Uint8Array).length ?? value.byteLength} elements`
  const { dtype, shape, location, dims } = value as Record<string, unknown>
  if (typeof dtype === 'string' && Array.isArray(shape))
    return `a ${'buffer' in value ? 'GpuTensor' : 'CpuTensor'} of shape ${listText(shape)}`
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

function elementText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}'
  return String(value)
}
