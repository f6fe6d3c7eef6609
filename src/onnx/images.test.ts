import { describe, expect, it } from 'vitest'
import { DtypeError, ImageValueError, ShapeError } from '../errors'
import { fromImageData, toImageData, toImages } from './images'

const premultiplied = { range: [0, 1], alpha: 'premultiplied' } as const
const bytesOf = (data: number[], channels: number, format = {}) => {
  const width = data.length / channels
  const [image] = toImageData({ data: Float32Array.from(data), shape: [1, channels, 1, width] }, format)
  return [image!.width, image!.height, [...image!.data]]
}
const image = (width: number, ...bytes: number[]) =>
  ({ data: Uint8ClampedArray.from(bytes), width, height: 1 }) as unknown as ImageData

describe('toImageData', () => {
  it('interleaves planes of −1 … 1, as the decoders of diffusers give them', () => {
    const [red, green, blue] = [
      [1, -1],
      [0, 0.5],
      [-1, 1],
    ]
    expect(bytesOf([...red!, ...green!, ...blue!], 3)).toEqual([2, 1, [255, 128, 0, 255, 0, 191, 255, 255]])
  })
  it('divides premultiplied colours by alpha, and gives black where nothing is seen', () => {
    const [red, green, blue, alpha] = [
      [1, 0.25, 0],
      [0.5, 0.5, 0],
      [0, 0, 0],
      [1, 0.5, 0],
    ]
    expect(bytesOf([...red!, ...green!, ...blue!, ...alpha!], 4, premultiplied)).toEqual([
      3,
      1,
      [255, 128, 0, 255, 128, 255, 0, 128, 0, 0, 0, 0],
    ])
  })
  it('leaves straight colours as they are', () => {
    expect(bytesOf([0.5, 0.25, 0, 0.5], 4, { range: [0, 1] })).toEqual([1, 1, [128, 64, 0, 128]])
  })
  it('shows one channel as grey', () => {
    expect(bytesOf([0, 0.5], 1, { range: [0, 1] })).toEqual([2, 1, [0, 0, 0, 255, 128, 128, 128, 255]])
    expect(bytesOf([0.5, 1], 2, { range: [0, 1] })).toEqual([1, 1, [128, 128, 128, 255]])
  })
  it('clamps values outside of the range', () => {
    expect(bytesOf([1.2, -0.1, 0.5, 1.1], 4, premultiplied)).toEqual([1, 1, [255, 0, 116, 255]])
  })
  it('refuses NaN and infinities, and says how many: they would be black or white', () => {
    const data = Float32Array.of(0, NaN, 1, Infinity, -Infinity, 0.5)
    const refused = new ImageValueError(
      "A decoder's output needs finite values; 3 of the given 6 are NaN or infinite.",
      3,
    )
    for (const convert of [toImages, toImageData]) expect(() => convert({ data, shape: [1, 3, 1, 2] })).toThrow(refused)
    expect(() => toImages({ data: Float32Array.of(3.4e38, -3.4e38), shape: [1, 1, 1, 2] })).not.toThrow()
  })
  it('gives one image for each item of the batch', () => {
    const images = toImageData({ data: Float32Array.of(0, 1), shape: [2, 1, 1, 1] }, { range: [0, 1] })
    expect(images.map(({ data }) => data[0])).toEqual([0, 255])
  })
  it.each([
    ['other axes', [4, 1, 1]],
    ['missing values', [1, 4, 1, 2]],
    ['five channels', [1, 5, 1, 1]],
  ])('rejects a shape with %s', (_, shape) => {
    const data = new Float32Array(shape.join() === '1,5,1,1' ? 5 : 4)
    expect(() => toImageData({ data, shape })).toThrow(ShapeError)
  })
})

describe('fromImageData', () => {
  it('is the inverse of toImageData', () => {
    for (const format of [{}, { range: [0, 1] }, premultiplied] as const) {
      const given = image(2, 255, 128, 0, 255, 51, 102, 204, 51)
      expect([...toImageData(fromImageData([given], 4, format), format)[0]!.data]).toEqual([...given.data])
    }
  })
  it('refuses images of floats, whose white would be a dark grey', () => {
    const floats = { data: Float32Array.of(1, 1, 1, 1), width: 1, height: 1 } as unknown as ImageData
    expect(() => fromImageData([floats], 3)).toThrow(DtypeError)
    expect(() => fromImageData([floats], 3)).toThrow(/bytes; given ImageData of .*Float32Array/)
  })
  it('refuses sizes that are no numbers', () => {
    const wide = { data: new Uint8ClampedArray(4), width: 1n, height: 1 } as unknown as ImageData
    expect(() => fromImageData([wide], 3)).toThrow(DtypeError)
  })
  it('multiplies by alpha', () => {
    const { data, shape } = fromImageData([image(1, 255, 51, 0, 51)], 4, premultiplied)
    expect(shape).toEqual([1, 4, 1, 1])
    expect([...data].map((value) => Math.fround(value))).toEqual([0.2, 0.04, 0, 0.2].map(Math.fround))
  })
  it('blends with white if there is no alpha channel', () => {
    expect([...fromImageData([image(1, 0, 0, 255, 0)], 3).data]).toEqual([1, 1, 1])
    expect([...fromImageData([image(1, 0, 255, 0, 255)], 3).data]).toEqual([-1, 1, -1])
  })
})
