import { describe, expect, it } from 'vitest'
import { quantise } from './quantise'

const weights = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i * i) * (1 + (i % 7)))

describe.each([4, 8] as const)('%i bits', (bits) => {
  const zero = 2 ** (bits - 1)
  const { packed, scales } = quantise(weights, 32, bits)
  const integer = (at: number) => (bits === 8 ? packed[at]! : (packed[at >> 1]! >> (4 * (at % 2))) & 15)
  const restored = Float32Array.from(weights, (_, at) => (integer(at) - zero) * scales[Math.floor(at / 32)]!)

  it('errs by less than half a step, a whole one at the end of the range', () => {
    weights.forEach((weight, at) => {
      const step = Math.abs(scales[Math.floor(at / 32)]!)
      const atEnd = integer(at) === 2 * zero - 1
      expect(Math.abs(restored[at]! - weight)).toBeLessThanOrEqual((atEnd ? 1 : 0.5) * step * (1 + 1e-6))
    })
  })

  it("keeps each block's value of the largest magnitude", () => {
    for (let block = 0; block < 8; block++) {
      const values = [...weights.subarray(block * 32, (block + 1) * 32)]
      const at = values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]!) ? i : best), 0)
      expect(restored[block * 32 + at]).toBe(values[at])
    }
  })

  it('keeps zeros', () => {
    const { packed, scales } = quantise(new Float32Array(32), 32, bits)
    expect([...scales]).toEqual([0])
    expect(new Set(packed)).toEqual(new Set([bits === 8 ? 128 : 0x88]))
  })
})
