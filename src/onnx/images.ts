import { elementCount } from '../checks'
import { ShapeError } from '../errors'
import type { OnnxImage } from './decoder'

/**
 * Converts the output of a decoder, f32 [B, channels, height, width] in −1 … 1, to images [B, height, width, channels]
 * in 0 … 1: clamp(y/2 + ½) (docs/MATH.md#pipeline). Throws ShapeError.
 */
export function toImages({ data: decoded, shape }: OnnxImage): OnnxImage {
  const [B = 0, channels = 0, height = 0, width = 0] = shape
  if (shape.length !== 4 || elementCount(shape) !== decoded.length)
    throw new ShapeError(
      `A decoder's output needs [batch, channels, height, width], filled; given [${shape.join(', ')}] with ${decoded.length} values.`,
    )
  const area = height * width
  const data = Float32Array.from(decoded, (_, i) => {
    const [item, pixel, channel] = [Math.floor(i / (channels * area)), Math.floor(i / channels) % area, i % channels]
    return Math.min(1, Math.max(0, decoded[(item * channels + channel) * area + pixel]! / 2 + 0.5))
  })
  return { data, shape: [B, height, width, channels] }
}
