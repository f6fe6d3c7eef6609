import { decode, decodeFrames } from 'modern-gif'
import { expect, it } from 'vitest'
import { toGif } from './gif'
import { gifImages } from './gif_images'

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

it('has an image for each frame in its order, decodes a repeated one once, and stops between two runs', async () => {
  const [a, b, c, d, e] = Array.from({ length: 5 }, (_, i) => Uint16Array.of(i))
  const decoded: number[][] = []
  const decode = async (batch: Uint16Array[]) => {
    decoded.push(batch.map(([token]) => token!))
    return batch.map(([token]) => ({ data: [token] }) as unknown as ImageData)
  }
  const shares: number[] = []
  const controller = new AbortController()
  const run = () => gifImages([e!, a!, b!, c!, d!, a!, d!, d!], decode, { onProgress, signal: controller.signal })
  let onProgress = (share: number): void => {
    shares.push(share)
  }
  expect((await run()).map(({ data }) => data[0])).toEqual([4, 0, 1, 2, 3, 0, 3, 3])
  expect(decoded).toEqual([[4, 0, 1, 2], [3]])
  expect(shares).toEqual([0.64, 0.8])
  onProgress = () => controller.abort(new Error('stopped'))
  await expect(run()).rejects.toThrow('stopped')
  expect(decoded).toHaveLength(3)
})
