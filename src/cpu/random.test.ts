import { describe, expect, it } from 'vitest'
import { goodnessOfFit } from '../../test/support/statistics'
import { classWords, exponential, multiplyHigh, Purpose, pcg4d, philox4x32, pixelKey, type Words } from './random'

const uniform = (outcomes: number) => new Array<number>(outcomes).fill(1 / outcomes)
const hex = (words: Words) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ')

describe('Philox-4x32-10', () => {
  // Known answers of Random123's kat_vectors.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as [Words, [number, number], string][])('of counter %j and key %j', (counter, key, answer) => {
    expect(hex(philox4x32(counter, key))).toBe(answer)
  })
})

it('pcg4d equals its definition in 64-bit integers', () => {
  const definition = (input: bigint[]): bigint[] => {
    const word = (value: bigint) => BigInt.asUintN(32, value)
    let [x = 0n, y = 0n, z = 0n, w = 0n] = input.map((value) => word(value * 1664525n + 1013904223n))
    const mix = () => {
      x = word(x + y * w)
      y = word(y + z * x)
      z = word(z + x * y)
      w = word(w + y * z)
    }
    mix()
    ;[x, y, z, w] = [x ^ (x >> 16n), y ^ (y >> 16n), z ^ (z >> 16n), w ^ (w >> 16n)]
    mix()
    return [x, y, z, w]
  }
  for (const input of [
    [0, 0, 0, 0],
    [1, 2, 3, 4],
    [0xffffffff, 0x80000000, 0xdeadbeef, 7],
  ] as Words[])
    expect(pcg4d(input).map(BigInt)).toEqual(definition(input.map(BigInt)))
})

it('multiplyHigh equals the high half of the exact product', () => {
  const values = [0, 1, 0xffff, 0x10000, 0xffffffff, 0xd2511f53, 0x12345678]
  for (const a of values)
    for (const b of values) expect(multiplyHigh(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n))
})

describe('exponential variates', () => {
  const noTail = () => {
    throw new Error('no tail bits are needed here')
  }

  it('are −log(1 − v) at the middle of the word’s interval', () => {
    expect(exponential(0xffffffff, noTail)).toBeCloseTo(-Math.log(2 ** -33), 12)
    expect(exponential(0x80000000, noTail)).toBeCloseTo(Math.LN2, 9)
    expect(exponential(0x40000000, noTail)).toBeCloseTo(-Math.log(0.75), 9)
    expect(exponential(0x3fffffff, noTail)).toBeCloseTo(-Math.log(0.75), 9)
    expect(exponential(0x00ffffff, noTail)).toBeCloseTo(-Math.log1p(-(2 ** -8 - 2 ** -33)), 12)
    expect(exponential(0x10000, noTail)).toBeCloseTo(-Math.log1p(-(0x10000 + 0.5) * 2 ** -32), 15)
  })

  it('grow with the word, across the borders of precision', () => {
    const words = [0, 1, 0xfffe, 0xffff, 0x10000, 0x10001, 0x3ffffffe, 0x3fffffff, 0x40000000, 0xffffffff]
    const values = words.map((word) => exponential(word, () => 0x80000000))
    expect(values.every((value, i) => i === 0 || value > values[i - 1]!)).toBe(true)
  })

  it('reach 2⁻⁵⁷ with tail bits, and never 0', () => {
    expect(exponential(0, () => 0)).toBeCloseTo(2 ** -57, 20)
    expect(exponential(0, () => 0)).toBeGreaterThan(0)
  })

  it('have the exponential law (α = 1e-6)', () => {
    const counts = new Uint32Array(32)
    const key = pixelKey({ seed: [1, 2], item: 0 }, 3, 4, Purpose.x0)
    for (let group = 0; group < 65536; group++)
      for (const word of classWords(key, group)) {
        const survival = Math.exp(-exponential(word, () => 0x80000000))
        counts[Math.floor(survival * 32)]!++
      }
    expect(goodnessOfFit(counts, uniform(32))).toBeGreaterThan(1e-6)
  })
})

describe('class words', () => {
  const groups = 2 ** 16
  const words = new Float64Array(groups * 4)
  const key = pixelKey({ seed: [99, 0], item: 0 }, 12, 7, Purpose.x0)
  for (let group = 0; group < groups; group++) words.set(classWords(key, group), group * 4)

  it('are uniform in each of the four places, high and low bits alike (α = 1e-6)', () => {
    for (let place = 0; place < 4; place++)
      for (const byte of [24, 16, 8]) {
        const counts = new Uint32Array(256)
        for (let group = 0; group < groups; group++) counts[(words[group * 4 + place]! >>> byte) & 255]!++
        expect(goodnessOfFit(counts, uniform(256))).toBeGreaterThan(1e-6)
      }
  })

  it('are uncorrelated over lags 1 to 64 (|z| < 5.5 for each, false alarms below 3e-6 in all)', () => {
    const centred = words.map((word) => word / 2 ** 32 - 0.5)
    for (let lag = 1; lag <= 64; lag++) {
      let sum = 0
      for (let i = lag; i < centred.length; i++) sum += centred[i]! * centred[i - lag]!
      expect(Math.abs(sum * 12) / Math.sqrt(centred.length - lag)).toBeLessThan(5.5)
    }
  })
})
