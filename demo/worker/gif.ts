import { encode } from 'modern-gif'

/** Delay after the last frame, in ms. */
const PAUSE = 2000

/** Pixels with at least this alpha become opaque, the others transparent: GIF has no partial transparency. */
const OPAQUE_ALPHA = 128

/**
 * An animated GIF that repeats forever, with a transparent background.
 *
 * @param images with straight alpha, of one size; overwritten
 */
export async function toGif(images: ImageData[], millisecondsPerFrame: number): Promise<Blob> {
  const { width, height } = images[0]!
  for (const { data } of images) thresholdAlpha(data)
  const frames = images.map(({ data }, i) => ({
    data,
    delay: i === images.length - 1 ? PAUSE : millisecondsPerFrame,
  }))
  return encode({ width, height, frames, looped: true, format: 'blob' })
}

function thresholdAlpha(pixels: Uint8ClampedArray): void {
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3]! >= OPAQUE_ALPHA) pixels[at + 3] = 255
    else pixels.fill(0, at, at + 4)
  }
}
