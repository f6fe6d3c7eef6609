import { expect, it } from 'vitest'
import { stickerEdge } from './sticker_edge'

/** An image of these alphas, `width` in a row. */
function imageOf(alphas: readonly number[], width: number): ImageData {
  const data = Uint8ClampedArray.from(alphas.flatMap((alpha) => [10, 20, 30, alpha]))
  return { data, width, height: alphas.length / width, colorSpace: 'srgb' } as ImageData
}

const alphasOf = (pixels: Uint8ClampedArray) => [...pixels].filter((_, i) => i % 4 === 3)

it('grows a pixel to a disc with a smooth rim, all white', () => {
  const dot = Array.from({ length: 49 }, (_, i) => (i === 24 ? 255 : 0))
  const edge = stickerEdge(imageOf(dot, 7), 2)
  expect([...edge].filter((_, i) => i % 4 !== 3).every((value) => value === 255)).toBe(true)
  const rim = Math.round(255 * (2.5 - Math.hypot(1, 2)))
  expect(alphasOf(edge)).toEqual([
    ...[0, 0, 0, 0, 0, 0, 0],
    ...[0, 0, rim, 128, rim, 0, 0],
    ...[0, rim, 255, 255, 255, rim, 0],
    ...[0, 128, 255, 255, 255, 128, 0],
    ...[0, rim, 255, 255, 255, rim, 0],
    ...[0, 0, rim, 128, rim, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 0],
  ])
})

it('is no more opaque than what it surrounds, and ends at the border', () => {
  const faint = Array.from({ length: 25 }, (_, i) => (i === 0 ? 100 : 0))
  const alphas = alphasOf(stickerEdge(imageOf(faint, 5), 1))
  expect(alphas.slice(0, 5)).toEqual([100, 50, 0, 0, 0])
  expect(alphas[5]).toBe(50)
})

it('gives for areas what it would give without their insides being skipped', () => {
  const side = 24
  const alphas = Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - 11.5, Math.floor(i / side) - 11.5]
    return Math.round(255 * Math.min(1, Math.max(0, Math.abs(7 - Math.hypot(x, y)) < 4 ? 1 : 0.3 - Math.abs(x) / 40)))
  })
  const radius = 2.7
  const expected = alphas.map((own, i) =>
    alphas.reduce((most, alpha, j) => {
      const distance = Math.hypot((i % side) - (j % side), Math.floor(i / side) - Math.floor(j / side))
      const coverage = Math.min(1, Math.max(0, radius + 0.5 - distance))
      return Math.max(most, Math.round(coverage * alpha))
    }, own),
  )
  expect(alphasOf(stickerEdge(imageOf(alphas, side), radius))).toEqual(expected)
})
