import { OptionError } from './errors'

/** Checks of single arguments and options, by their JavaScript types. No value is coerced, and null is no omission. */

/** The options of a call; an empty object if they were left out. Throws OptionError unless they are an object. */
export function requireOptions<T extends object>(name: string, options: T | undefined): T {
  if (options === undefined) return {} as T
  requireObject(`The options of ${name}`, options)
  return options
}

/** Throws OptionError unless the value is an object. */
export function requireObject<T>(name: string, value: T, form = 'an object'): asserts value is T & object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OptionError(`${name} needs to be ${form}; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is a number from `minimum` to `maximum`. */
export function requireNumber(
  name: string,
  value: unknown,
  minimum = -Infinity,
  maximum = Infinity,
): asserts value is number {
  if (typeof value === 'number' && value >= minimum && value <= maximum) return
  const kind = maximum === Number.MAX_VALUE ? 'a finite number' : 'a number'
  throw new OptionError(`${name} needs to be ${kind}${rangeText(minimum, maximum)}; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is an integer from `minimum` to `maximum`; `limit` says what the maximum is. */
export function requireInteger(
  name: string,
  value: unknown,
  minimum: number,
  maximum = Infinity,
  limit = '',
): asserts value is number {
  if (Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum) return
  throw new OptionError(
    `${name} needs to be an integer${rangeText(minimum, maximum)}${limit && ` (${limit})`}; given ${valueText(value)}.`,
  )
}

function rangeText(minimum: number, maximum: number): string {
  if (maximum < Number.MAX_VALUE) return ` from ${minimum} to ${maximum}`
  return minimum > -Number.MAX_VALUE ? ` of at least ${minimum}` : ''
}

/** Throws OptionError unless the value is true or false. */
export function requireBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new OptionError(`${name} needs to be true or false; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is among those allowed. */
export function requireOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string))
    throw new OptionError(`${name} needs to be '${allowed.join("' or '")}'; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value is a function; `form` says which. */
export function requireFunction(name: string, value: unknown, form = 'a function'): void {
  if (typeof value !== 'function') throw new OptionError(`${name} needs to be ${form}; given ${valueText(value)}.`)
}

/** Throws OptionError unless the value has this method; `form` says which object does. */
export function requireMethod(name: string, value: unknown, method: string, form: string): void {
  if (typeof (value as Record<string, unknown> | null | undefined)?.[method] !== 'function')
    throw new OptionError(`${name} needs to be ${form}; given ${valueText(value)}.`)
}

/** Throws OptionError unless exactly one of two options is given. */
export function requireEither(name: string, choice: string, one: unknown, other: unknown): void {
  if ((one === undefined) === (other === undefined))
    throw new OptionError(`${name} needs either ${choice}; given ${one === undefined ? 'neither' : 'both'}.`)
}

/** Throws OptionError unless the value is an AbortSignal or left out. */
export function requireSignal(signal: unknown): void {
  if (signal !== undefined) requireMethod('signal', signal, 'throwIfAborted', 'an AbortSignal')
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
  if (ArrayBuffer.isView(value)) return `a ${kind} of ${(value as Uint8Array).length ?? value.byteLength} elements`
  const { dtype, shape, location, dims } = value as Record<string, unknown>
  if (typeof dtype === 'string' && Array.isArray(shape))
    return `a ${'buffer' in value ? 'GpuTensor' : 'CpuTensor'} of shape ${listText(shape)}`
  if (typeof location === 'string')
    return `a tensor at '${location}'${Array.isArray(dims) ? ` of shape ${listText(dims)}` : ''}`
  return kind === 'Object' ? `{ ${firstOf(Object.keys(value))} }` : `a ${kind}`
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
