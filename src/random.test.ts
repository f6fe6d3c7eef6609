import { describe, expect, it } from 'vitest'
import { OptionError, ShapeError } from './errors'
import { RandomGenerator } from './random'

describe('RandomGenerator', () => {
  it('gives an item with a seed of its own the stream that it has alone', () => {
    const batch = new RandomGenerator([5, 6, 7n]).streams(3)
    expect(batch.map((stream) => [stream])).toEqual([5, 6, 7].map((seed) => new RandomGenerator(seed).streams(1)))
  })

  it('gives the items of one seed different streams, the first that of a batch of one', () => {
    const streams = new RandomGenerator(5).streams(2)
    expect(streams[0]).toEqual(new RandomGenerator(5).streams(1)[0])
    expect(streams[1]).not.toEqual(streams[0])
  })

  it('uses all 64 bits of a seed', () => {
    expect(new RandomGenerator(0xdeadbeef_00000001n).streams(1)).toEqual([{ seed: [1, 0xdeadbeef], item: 0 }])
    expect(new RandomGenerator(2 ** 40 + 3).streams(1)).toEqual([{ seed: [3, 256], item: 0 }])
  })

  it('continues from a state that went through JSON', () => {
    const generator = new RandomGenerator([1, 2n ** 64n - 1n])
    generator.nextCounter()
    generator.nextCounter()
    const restored = RandomGenerator.fromState(JSON.parse(JSON.stringify(generator.state)))
    expect(restored.streams(2)).toEqual(generator.streams(2))
    expect(restored.nextCounter()).toBe(2)
  })

  it.each([
    { seed: -1 },
    { seed: 0.5 },
    { seed: Number.NaN },
    { seed: 2 ** 53 },
    { seed: -1n },
    { seed: 2n ** 64n },
    { seed: [] },
  ])('refuses the seed $seed', ({ seed }) => {
    expect(() => new RandomGenerator(seed)).toThrow(OptionError)
  })

  it.each(['abc', '', '-1', '1e3', String(2n ** 64n)])('refuses a state with the seed "%s"', (seed) => {
    expect(() => RandomGenerator.fromState({ seeds: [seed], counter: 0 })).toThrow(OptionError)
  })

  it('refuses a batch that its seeds do not fit', () => {
    expect(() => new RandomGenerator([1, 2]).streams(3)).toThrow(ShapeError)
  })
})
