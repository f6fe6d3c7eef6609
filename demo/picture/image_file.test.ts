import { describe, expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import { fit, readFile } from './image_file'

describe('fit', () => {
  it.each([
    [100, 100, 128, 128],
    [512, 256, 128, 64],
    [3, 4, 96, 128],
    [1, 10_000, 1, 128],
    [2 ** 31, 1, 128, 1],
    [1, 1, 128, 128],
  ])('fits %i × %i into 128 × 128', (width, height, fittedWidth, fittedHeight) => {
    expect(fit({ width, height }, STICKERS.picture)).toEqual({ width: fittedWidth, height: fittedHeight })
  })
})

it('fits into a picture that is not square', () => {
  expect(fit({ width: 512, height: 512 }, { width: 10, height: 6 })).toEqual({ width: 6, height: 6 })
  expect(fit({ width: 512, height: 64 }, { width: 10, height: 6 })).toEqual({ width: 10, height: 1 })
})

describe('readFile', () => {
  it('gives the bytes', async () => {
    expect(await readFile(new File([Uint8Array.of(1, 2)], 'a.png'))).toEqual(Uint8Array.of(1, 2))
  })

  it('names what it cannot take, before it reads a large file', async () => {
    const large = { name: 'large.png', size: 50_600_000 } as File
    await expect(readFile(large)).rejects.toThrow('large.png has 51 MB; the limit is 50 MB.')
    await expect(readFile(new File([], 'a.png'))).rejects.toThrow('a.png is empty.')
    const unreadable = async () => Promise.reject(new DOMException('It is gone.', 'NotFoundError'))
    const folder = { name: '', size: 0, arrayBuffer: unreadable as File['arrayBuffer'] } as File
    await expect(readFile(folder)).rejects.toThrow(
      'The picture cannot be read. If it is a folder, choose a picture in it.',
    )
  })
})
