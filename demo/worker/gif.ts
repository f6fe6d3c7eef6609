import { encode } from 'modern-gif'

/** How long the finished picture stays before the film begins again, in ms. */
const PAUSE = 2000

/** A GIF's pixel is there or not: from half on it is. */
const VISIBLE = 128

/**
 * An animated GIF that repeats for ever, with a transparent background.
 *
 * @param images straight-alpha pictures of one size; they are written to
 */
export async function toGif(images: ImageData[], millisecondsPerFrame: number): Promise<Blob> {
  const { width, height } = images[0]!
  for (const { data } of images) makeOpaqueOrNot(data)
  const frames = images.map(({ data }, i) => ({
    data,
    delay: i === images.length - 1 ? PAUSE : millisecondsPerFrame,
  }))
  return encode({ width, height, frames, looped: true, format: 'blob' })
}

function makeOpaqueOrNot(pixels: Uint8ClampedArray): void {
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3]! >= VISIBLE) pixels[at + 3] = 255
    else pixels.fill(0, at, at + 4)
  }
}
