import { expect, it } from 'vitest'
import { halvesToFloats } from './data'

it('reads halves: zeros, subnormals, ordinary numbers, the largest', () => {
  const halves = Uint16Array.of(0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0xc500, 0x3555, 0x7bff)
  const floats = [0, -0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, -5, 1365 / 4096, 65504]
  expect([...halvesToFloats(halves)]).toEqual(floats)
})
