import { PICTURE_PIXELS } from './protocol'

const AREA = PICTURE_PIXELS * PICTURE_PIXELS

/**
 * Converts decoder output to canvas pixels: from planar premultiplied floats in 0 … 1, [4, pixels], to interleaved bytes
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

/** Converts decoder output f32 [B, 4, 128, 128], planar and premultiplied, to one `ImageData` per picture. */
export function toImageData(pixels: Float32Array): ImageData[] {
  return Array.from({ length: pixels.length / (4 * AREA) }, (_, item) => {
    const bytes = toStraightBytes(pixels.subarray(item * 4 * AREA, (item + 1) * 4 * AREA))
    return new ImageData(bytes, PICTURE_PIXELS, PICTURE_PIXELS)
  })
}

/**
 * Converts decoder output to bitmaps, which can be transferred. Not by `transferToImageBitmap` of an OffscreenCanvas: that
 * bitmap may be in GPU memory and would be lost with the device.
 */
export function toBitmaps(pixels: Float32Array): Promise<ImageBitmap[]> {
  return Promise.all(toImageData(pixels).map((image) => createImageBitmap(image)))
}

/** Scales up by an integer factor, with smoothing. */
export async function enlarge(image: ImageData, factor: number): Promise<ImageData> {
  if (factor === 1) return image
  const bitmap = await createImageBitmap(image)
  const side = PICTURE_PIXELS * factor
  const context = createContext(side)
  context.drawImage(bitmap, 0, 0, side, side)
  bitmap.close()
  return context.getImageData(0, 0, side, side)
}

/** Encoder input f32 [4·128·128], planar and premultiplied: the picture scaled to fit and centred. */
export function toPlanes(picture: ImageBitmap): Float32Array {
  const context = createContext(PICTURE_PIXELS)
  const scale = PICTURE_PIXELS / Math.max(picture.width, picture.height)
  const [width, height] = [picture.width * scale, picture.height * scale]
  context.drawImage(picture, (PICTURE_PIXELS - width) / 2, (PICTURE_PIXELS - height) / 2, width, height)
  const { data } = context.getImageData(0, 0, PICTURE_PIXELS, PICTURE_PIXELS)
  const planes = new Float32Array(4 * AREA)
  for (let pixel = 0; pixel < AREA; pixel++) {
    const alpha = data[4 * pixel + 3]! / 255
    for (let channel = 0; channel < 3; channel++)
      planes[channel * AREA + pixel] = (data[4 * pixel + channel]! / 255) * alpha
    planes[3 * AREA + pixel] = alpha
  }
  return planes
}

/** A square canvas whose pixels are read back; `willReadFrequently` keeps it in CPU memory. */
function createContext(side: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!
  context.imageSmoothingQuality = 'high'
  return context
}
