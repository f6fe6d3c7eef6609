import { pseudoLogits, pseudoTokens, pseudoUniforms } from '../support/inputs'
import type { ArrayDescription, Content, OddLogits, Ranges, TensorDescription } from './descriptions'

export type HostData = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>

/** The elements of a described tensor; those of f16 as the float32 numbers that they round to. */
export function contentOf({ shape, dtype, content }: TensorDescription, nudge = 0): HostData {
  const size = shape.reduce((a, b) => a * b, 1)
  const values = numbers(size, content)
  if (dtype === 'u32') return Uint32Array.from(values)
  if (dtype === 'i32') return Int32Array.from(values)
  const floats = Float32Array.from(values, dtype === 'f16' ? (value) => halfValue(halfBits(value)) : Number)
  return 'logits' in content || 'uniforms' in content ? nudged(floats, nudge) : floats
}

function numbers(size: number, content: Content): Float32Array | Uint32Array {
  if ('logits' in content) return oddLogits(pseudoLogits(size, content.logits, content.scale), content.odd)
  if ('uniforms' in content) return pseudoUniforms(size, content.uniforms)
  if ('bits' in content) return pseudoTokens(size, 2, 0, content.bits)
  if (!('tokens' in content)) return new Uint32Array(size)
  const { ranges } = content
  const tokens = pseudoTokens(size, content.classes, content.masks, content.tokens).map((token, i) =>
    token < content.classes ? inRange(token, ranges?.[i % ranges.length]) : token,
  )
  if (content.outside && size > 0) tokens[content.tokens % size] = content.classes + 7
  return tokens
}

/** A class of the range instead of any class. */
export function inRange(token: number, [first, last]: Ranges[number] = [0, token]): number {
  return first + (token % (last - first + 1))
}

/** The elements of a described array. */
export function arrayOf({ type, length, seed }: ArrayDescription): Float32Array | Uint32Array | Uint8ClampedArray {
  if (type === 'Float32Array') return pseudoLogits(length, seed, 2)
  const bytes = pseudoTokens(length, 256, 0, seed)
  return type === 'Uint32Array' ? bytes : Uint8ClampedArray.from(bytes)
}

function oddLogits(logits: Float32Array, odd: OddLogits): Float32Array {
  if (odd === 'none') return logits
  if (odd === 'excluded column') return logits.fill(-Infinity)
  for (let i = 3; i < logits.length; i += 7) logits[i] = Number(odd)
  return logits
}

/** The values as they might be after the rounding of a kernel; `nudge` chooses which way each is moved. */
function nudged(values: Float32Array<ArrayBuffer>, nudge: number): Float32Array<ArrayBuffer> {
  if (nudge === 0) return values
  const moves = pseudoUniforms(values.length, 0x5eed + nudge)
  for (let i = 0; i < values.length; i++) values[i]! += (moves[i]! - 0.5) * 4e-6 * Math.max(1, Math.abs(values[i]!))
  return values
}

/** A truncation rate as it might be after sums of float32 probabilities. */
export function nudgedRate(rate: number, nudge: number): number {
  return nudge === 0 ? rate : rate + (pseudoUniforms(1, nudge)[0]! - 0.5) * 4e-7
}

/** A number as the bits of a half, rounded to nearest, ties to even. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  if (magnitude >= 65520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 1e-30)))
  const units = roundToEven(magnitude / 2 ** (exponent - 10))
  // A mantissa of 2048 carries into the exponent by itself.
  return sign | (exponent === -14 ? units : ((exponent + 14) << 10) + units)
}

function roundToEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

/** The number of the bits of a half. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 1023
  if (exponent === 31) return mantissa ? NaN : sign * Infinity
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25))
}
