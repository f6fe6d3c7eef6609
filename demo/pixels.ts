/**
 * The decoder's picture as a canvas wants it: planar premultiplied floats in 0..1, [4, pixels], become interleaved bytes
 * with straight alpha, [pixels, 4].
 */
export function toStraightBytes(rgba: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  const pixels = rgba.length / 4
  const bytes = new Uint8ClampedArray(rgba.length)
  for (let pixel = 0; pixel < pixels; pixel++) {
    const alpha = rgba[3 * pixels + pixel]!
    for (let channel = 0; channel < 3; channel++) {
      bytes[4 * pixel + channel] = alpha > 0 ? (255 * rgba[channel * pixels + pixel]!) / alpha : 0
    }
    bytes[4 * pixel + 3] = 255 * alpha
  }
  return bytes
}
