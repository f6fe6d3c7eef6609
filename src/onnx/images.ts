import { requireInteger, requireNumber, requireOneOf, requireOptions } from '../checks'
import { DtypeError, OptionError, ShapeError } from '../errors'
import { arrayClass } from '../typed_arrays'
import { shapeText, valueText } from '../value_text'
import type { OnnxImage } from './decoder'
import { floatsOf, type HostFloats, requireFinite } from './shapes'

/** How a decoder's output, and an encoder's input, holds colours. */
export interface ImageFormat {
  /** The values of black and white: [−1, 1], the default, as in diffusers, or for instance [0, 1]. */
  readonly range?: readonly [black: number, white: number]
  /** Whether the colours of an image with four channels are multiplied by its alpha; 'straight', they are not. */
  readonly alpha?: 'straight' | 'premultiplied'
}

/**
 * Converts the output of a decoder, f32 [B, channels, height, width] in −1 … 1, to images [B, height, width, channels]
 * in 0 … 1: clamp(y/2 + ½) (docs/MATH.md#pipeline). Throws OptionError, DtypeError, ShapeError, or ImageValueError if a
 * value is NaN or infinite.
 */
export function toImages(decoded: HostFloats): OnnxImage {
  const [B, channels, height, width] = requireImages(decoded)
  const { data: source } = decoded
  const area = height * width
  const data = Float32Array.from(source, (_, i) => {
    const [item, pixel, channel] = [Math.floor(i / (channels * area)), Math.floor(i / channels) % area, i % channels]
    return Math.min(1, Math.max(0, source[(item * channels + channel) * area + pixel]! / 2 + 0.5))
  })
  return { data, shape: [B, height, width, channels] }
}

/**
 * Converts the output of a decoder, f32 [B, channels, height, width], to one ImageData for each item. Channels are grey,
 * grey and alpha, red green blue, or red green blue alpha. ImageData holds bytes with straight alpha; where there is no
 * such class, as in Node, the result is a plain object with its properties. Values outside of the range are clamped. Throws
 * OptionError, DtypeError, ShapeError, or ImageValueError if a value is NaN or infinite.
 */
export function toImageData(decoded: HostFloats, format: ImageFormat = {}): ImageData[] {
  const { range = [-1, 1], alpha = 'straight' } = requireImageFormat(format)
  const [B, channels, height, width] = requireImages(decoded)
  if (channels < 1 || channels > 4)
    throw new ShapeError(`A decoder's output needs 1 to 4 channels; given [${decoded.shape.join(', ')}].`)
  const area = height * width
  const hasAlpha = channels === 2 || channels === 4
  const colours = hasAlpha ? channels - 1 : channels
  const [black, white] = range
  return Array.from({ length: B }, (_, item) => {
    const value = (channel: number, pixel: number) =>
      (decoded.data[(item * channels + channel) * area + pixel]! - black) / (white - black)
    const bytes = new Uint8ClampedArray(4 * area)
    for (let pixel = 0; pixel < area; pixel++) {
      const opacity = hasAlpha ? value(colours, pixel) : 1
      const unit = alpha === 'premultiplied' ? opacity : 1
      for (let channel = 0; channel < 3; channel++)
        bytes[4 * pixel + channel] = unit > 0 ? (255 * value(colours === 1 ? 0 : channel, pixel)) / unit : 0
      bytes[4 * pixel + 3] = 255 * opacity
    }
    return imageDataOf(bytes, width, height)
  })
}

/**
 * Converts images of equal size to the input of an encoder, f32 [B, channels, height, width]. The inverse of
 * `toImageData`. Without an alpha channel transparent pixels are blended with white. Throws OptionError, DtypeError, or
 * ShapeError for images of different sizes.
 */
export function fromImageData(images: readonly ImageData[], channels: 3 | 4, format: ImageFormat = {}): OnnxImage {
  const { range = [-1, 1], alpha = 'straight' } = requireImageFormat(format)
  requireInteger('channels', channels, 3, 4)
  requireEqualImages(images)
  const [{ width, height } = { width: 0, height: 0 }] = images
  const area = width * height
  const [black, white] = range
  const data = new Float32Array(images.length * channels * area)
  for (const [item, image] of images.entries()) {
    const bytes = pixelBytes(image)
    for (let pixel = 0; pixel < area; pixel++) {
      const opacity = bytes[4 * pixel + 3]! / 255
      for (let channel = 0; channel < channels; channel++) {
        const colour = bytes[4 * pixel + channel]! / 255
        const blended =
          channels === 3 ? colour * opacity + 1 - opacity : alpha === 'straight' ? colour : colour * opacity
        const value = channel === 3 ? opacity : blended
        data[(item * channels + channel) * area + pixel] = black + value * (white - black)
      }
    }
  }
  return { data, shape: [images.length, channels, height, width] }
}

/** A copy of the pixels as bytes. In newer browsers an ImageData may hold halves from 0 to 1 (`pixelFormat`). */
export function pixelBytes({ data }: ImageData): Uint8ClampedArray<ArrayBuffer> {
  const white = arrayClass(data) === 'Float16Array' ? 255 : 1
  return Uint8ClampedArray.from(data, (value) => value * white)
}

/** Throws OptionError unless these are two different numbers and a kind of alpha, as far as they are given. */
export function requireImageFormat(given: ImageFormat): ImageFormat {
  const format = requireOptions('an image format', given, { range: true, alpha: true })
  const { range, alpha } = format
  if (alpha !== undefined) requireOneOf('alpha', alpha, ['straight', 'premultiplied'])
  if (range === undefined) return format
  if (!Array.isArray(range) || range.length !== 2 || range[0] === range[1])
    throw new OptionError(`range needs to be two different numbers [black, white]; given ${valueText(range)}.`)
  for (const value of range) requireNumber('range', value, -Number.MAX_VALUE, Number.MAX_VALUE)
  return format
}

/** Throws DtypeError unless all are ImageData of bytes or halves, ShapeError unless they have the same size. */
function requireEqualImages(images: readonly ImageData[]): void {
  if (!Array.isArray(images)) throw new DtypeError(`images need to be a list of ImageData; given ${valueText(images)}.`)
  for (const image of images as readonly (ImageData | undefined)[]) {
    const { data, width, height } = image ?? {}
    const isSized = typeof width === 'number' && typeof height === 'number'
    if (data?.length === undefined || !isSized || data.length !== width * height * 4)
      throw new DtypeError(`images need to be a list of ImageData; given ${valueText(image)}.`)
    if (!/^(Uint8|Float16)/.test(arrayClass(data)))
      throw new DtypeError(`images need to have bytes; given ImageData of ${valueText(data)}.`)
    if (width !== images[0]!.width || height !== images[0]!.height)
      throw new ShapeError(
        `images need to have the same size; given ${images[0]!.width} × ${images[0]!.height} and ${width} × ${height}.`,
      )
  }
}

/** ImageData, or where there is no such class a plain object with its properties. */
export function imageDataOf(data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): ImageData {
  if (typeof ImageData !== 'undefined') return new ImageData(data, width, height)
  return { data, width, height, colorSpace: 'srgb', pixelFormat: 'rgba-unorm8' } as ImageData
}

function requireImages(decoded: HostFloats): readonly [B: number, channels: number, height: number, width: number] {
  requireFinite("A decoder's output", floatsOf("A decoder's output", decoded))
  const { shape } = decoded
  if (shape.length !== 4)
    throw new ShapeError(`A decoder's output needs [batch, channels, height, width]; given ${shapeText(shape)}.`)
  return shape as readonly number[] as readonly [number, number, number, number]
}
