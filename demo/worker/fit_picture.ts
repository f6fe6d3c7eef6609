import { nameOf } from '../picture/image_file'
import { removePlainBackground } from './plain_background'
import { PICTURE_PIXELS, type Size } from './protocol'

interface FittedPicture {
  /** 128×128. */
  image: ImageData
  hasPlainBackground: boolean
}

/**
 * A picture file scaled to this size, at most 128×128, and centred in 128×128 on transparent pixels, without its background
 * if that is plain. Throws an Error with a sentence.
 */
export async function fitPicture(
  file: File,
  { width, height }: Size,
  keepsBackground: boolean,
): Promise<FittedPicture> {
  // Both sides are given: with one, the other follows from the file and may be a thousand times as long.
  const picture = await createImageBitmap(file, {
    resizeWidth: width,
    resizeHeight: height,
    resizeQuality: 'high',
  }).catch((cause) => {
    throw new Error(`This browser cannot read ${nameOf(file)}.`, { cause })
  })
  // `willReadFrequently` keeps it in CPU memory.
  const canvas = new OffscreenCanvas(PICTURE_PIXELS, PICTURE_PIXELS)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  const [left, top] = [Math.floor((PICTURE_PIXELS - width) / 2), Math.floor((PICTURE_PIXELS - height) / 2)]
  context.drawImage(picture, left, top)
  picture.close()
  const image = context.getImageData(0, 0, PICTURE_PIXELS, PICTURE_PIXELS)
  const original = keepsBackground ? context.getImageData(0, 0, PICTURE_PIXELS, PICTURE_PIXELS) : undefined
  const hasPlainBackground = removePlainBackground(image, { left, top, width, height })
  return { image: original ?? image, hasPlainBackground }
}
