import { fromImageData, type OnnxImage, toImageData } from 'vq-diffusion-webgpu/onnx'
import { PICTURE_PIXELS } from './protocol'

/** The colours of this model's decoder and encoder. */
const format = { range: [0, 1], alpha: 'premultiplied' } as const

/** The decoder's output as one `ImageData` per picture. */
export function toImages(decoded: OnnxImage): ImageData[] {
  return toImageData(decoded, format)
}

/**
 * Converts decoder output to bitmaps, which can be transferred. Not by `transferToImageBitmap` of an OffscreenCanvas: that
 * bitmap may be in GPU memory and would be lost with the device.
 */
export function toBitmaps(decoded: OnnxImage): Promise<ImageBitmap[]> {
  return Promise.all(toImages(decoded).map((image) => createImageBitmap(image)))
}

/** Scales up by an integer factor, with smoothing. */
export async function enlarge(image: ImageData, factor: number): Promise<ImageData> {
  if (factor === 1) return image
  const bitmap = await createImageBitmap(image)
  const side = PICTURE_PIXELS * factor
  // `willReadFrequently` keeps it in CPU memory.
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, side, side)
  bitmap.close()
  return context.getImageData(0, 0, side, side)
}

/** The encoder's input, from a picture of 128×128. */
export function toEncoderInput(picture: ImageData): OnnxImage {
  return fromImageData([picture], 4, format)
}
