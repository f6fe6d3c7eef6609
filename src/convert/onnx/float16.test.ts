import { expect, it } from 'vitest'
import { float16Bits } from './float16'

/** The value of finite bits. */
function float16Of(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -magnitude : magnitude
}

it('gives every float16 back', () => {
  const wrong = []
  for (let bits = 0; bits < 0x10000; bits++)
    if ((bits & 0x7c00) !== 0x7c00 && float16Bits(float16Of(bits)) !== bits) wrong.push(bits)
  expect(wrong).toEqual([])
})

it('rounds to the nearest, ties to even', () => {
  const wrong = []
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [float16Of(bits), float16Of(bits + 1)]
    const tie = (low + high) / 2
    const nearest = [float16Bits(tie - (high - low) / 64), float16Bits(tie), float16Bits(tie + (high - low) / 64)]
    if (nearest.join() !== [bits, bits + (bits % 2), bits + 1].join()) wrong.push([bits, nearest])
  }
  expect(wrong).toEqual([])
})

it('overflows to infinity from 65520, and keeps infinities and NaN', () => {
  expect([65519.99, 65520, 1e30, Infinity, -Infinity].map(float16Bits)).toEqual([
    0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00,
  ])
  expect(float16Bits(Number.NaN) & 0x7fff).toBeGreaterThan(0x7c00)
  expect([1e-30, -0].map(float16Bits)).toEqual([0, 0x8000])
})
