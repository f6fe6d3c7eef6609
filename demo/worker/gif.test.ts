import { decode, decodeFrames } from 'modern-gif'
import { expect, it } from 'vitest'
import { toGif } from './gif'

/** A red 4×4 image with these alpha values. */
const picture = (...alpha: number[]) =>
  ({
    width: 4,
    height: 4,
    data: Uint8ClampedArray.from({ length: 64 }, (_, i) => [250, 10, 20, alpha[i >> 2]!][i & 3]!),
  }) as ImageData
const corner = [255, 200, 0, 0, 255, 128, 0, 0, ...Array(8).fill(0)]
const full = Array(16).fill(255)

it('writes transparent pixels, also after opaque ones, and pauses after the last frame', async () => {
  const blob = await toGif([picture(...full), picture(...corner), picture(...full)], 80)
  expect(blob.type).toBe('image/gif')
  const bytes = await blob.arrayBuffer()
  const gif = decode(bytes)
  expect([gif.width, gif.height, gif.looped, gif.loopCount]).toEqual([4, 4, true, 0])
  const frames = decodeFrames(bytes)
  expect(frames.map(({ delay }) => delay)).toEqual([80, 80, 2000])
  const alpha = (frame: number) => [...frames[frame]!.data].filter((_, i) => i % 4 === 3)
  expect(alpha(0)).toEqual(full)
  expect(alpha(1)).toEqual(corner.map((value) => (value >= 128 ? 255 : 0)))
  expect([...frames[1]!.data.subarray(0, 3)]).toEqual([250, 10, 20])
})
