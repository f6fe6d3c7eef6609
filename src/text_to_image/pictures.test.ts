import { describe, expect, it } from 'vitest'
import { DtypeError, OptionError, ShapeError } from '../errors'
import { fitPicture, latentMask, type Picture, takePicture } from './pictures'

/** 2 × 3 latent pixels, each of 2 × 2 image pixels. */
const [latent, image] = [[2, 3] as const, [4, 6] as const]
const maskOf = async (mask: Parameters<typeof latentMask>[0]) => [...(await latentMask(mask, latent, image))]
const picture = (width: number, height: number, alpha: (pixel: number) => number) => {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let pixel = 0; pixel < width * height; pixel++) data[4 * pixel + 3] = alpha(pixel)
  return { data, width, height } as unknown as ImageData
}

describe('latentMask', () => {
  it('takes a value for each latent pixel, not 0 where it is known', async () => {
    expect(await maskOf([0, 1, 7, 0, -1, 0.5])).toEqual([0, 1, 1, 0, 1, 1])
  })
  it('keeps a latent pixel if all image pixels of its cell are kept', async () => {
    // The cells from left to right: all, none, all but one; below: none, all, all but another one.
    const rows = [
      [1, 1, 0, 0, 1, 1],
      [1, 1, 0, 0, 0, 1],
      [0, 0, 1, 1, 1, 1],
      [0, 0, 1, 1, 1, 0],
    ]
    expect(await maskOf(rows.flat())).toEqual([1, 0, 0, 0, 1, 0])
    expect(await maskOf(picture(6, 4, (pixel) => (rows.flat()[pixel] ? 255 : 127)))).toEqual([1, 0, 0, 0, 1, 0])
    expect(await maskOf(picture(6, 4, () => 128))).toEqual([1, 1, 1, 1, 1, 1])
  })
  it('rejects another number of values', async () => {
    await expect(maskOf([1, 0])).rejects.toThrow(ShapeError)
    await expect(maskOf([1, 0])).rejects.toThrow('6 values (latent pixels) or 24 (image pixels); given 2')
  })
})

describe('fitPicture', () => {
  it('returns ImageData of the right size unchanged, and needs a canvas for others', async () => {
    const exact = picture(6, 4, () => 0)
    expect(await fitPicture('image', exact, image)).toBe(exact)
    const other = picture(4, 6, () => 0)
    await expect(fitPicture('image', other, image)).rejects.toThrow(OptionError)
  })
})

describe('takePicture', () => {
  it('copies ImageData as it is at the call', async () => {
    const given = picture(6, 4, () => 7)
    const taking = takePicture('image', given)
    given.data.fill(1)
    const { data, width, height } = (await taking) as ImageData
    expect([width, height]).toEqual([6, 4])
    expect([data[3], data[0]]).toEqual([7, 0])
  })
  it('rejects what is no picture, or cannot be read here', async () => {
    await expect(takePicture('image', 7 as unknown as Picture)).rejects.toThrow(DtypeError)
    await expect(takePicture('image', { size: 4 } as unknown as Picture)).rejects.toThrow('given { size }')
    await expect(takePicture('image', new Blob(['picture']))).rejects.toThrow(OptionError)
  })
})
