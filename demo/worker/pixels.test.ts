import { expect, it } from 'vitest'
import { toStraightBytes } from './pixels'

it('divides the colour by alpha and interleaves the planes', () => {
  const red = [1, 0.25, 0]
  const green = [0.5, 0.5, 0]
  const blue = [0, 0, 0]
  const alpha = [1, 0.5, 0]
  expect([...toStraightBytes(Float32Array.of(...red, ...green, ...blue, ...alpha))]).toEqual(
    [
      [255, 128, 0, 255],
      [128, 255, 0, 128],
      [0, 0, 0, 0],
    ].flat(),
  )
})

it('clamps values outside 0 … 1', () => {
  expect([...toStraightBytes(Float32Array.of(1.2, -0.1, 0.5, 1.1))]).toEqual([255, 0, 116, 255])
})
