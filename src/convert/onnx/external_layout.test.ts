import { expect, it } from 'vitest'
import { OptionError } from '../../errors'
import { layOut } from './external_layout'

const constants = [300, 10, 1000, 500, 2000].map(
  (size) => ({ name: `w${size}`, dataType: 'float32', dims: [size] }) as const,
)

it('aligns tensors to 256 bytes and begins another file before one is too large', () => {
  const { places, shards } = layOut(constants, 'weights', 8200)
  expect(Object.fromEntries(places)).toEqual({
    w300: { location: 'weights.00.bin', offset: 0, length: 1200 },
    w1000: { location: 'weights.00.bin', offset: 1280, length: 4000 },
    w500: { location: 'weights.00.bin', offset: 5376, length: 2000 },
    w2000: { location: 'weights.01.bin', offset: 0, length: 8000 },
  })
  expect(shards).toEqual([
    { name: 'weights.00.bin', bytes: 7376 },
    { name: 'weights.01.bin', bytes: 8000 },
  ])
})

it('fills a file to its last byte', () => {
  expect(layOut(constants.slice(0, 3), 'weights', 5280).shards).toHaveLength(1)
  expect(layOut(constants.slice(0, 3), 'weights', 5279).shards).toHaveLength(2)
})

it('refuses a tensor that is larger than a file', () => {
  expect(() => layOut(constants, 'weights', 7999)).toThrow(OptionError)
  expect(() => layOut(constants, 'weights', 7999)).toThrow('w2000 of 8000 bytes; given 7999 bytes')
})
