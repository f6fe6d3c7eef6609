import { nameOf } from '../picture/image_file'
import { PICTURE_PIXELS, type Size } from './protocol'

/**
 * A picture file scaled to this size, at most 128×128, and centred in 128×128 on transparent pixels. Throws an Error with a
 * sentence.
 */
export async function fitPicture(file: File, { width, height }: Size): Promise<ImageData> {
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
  context.drawImage(picture, Math.floor((PICTURE_PIXELS - width) / 2), Math.floor((PICTURE_PIXELS - height) / 2))
  picture.close()
  return context.getImageData(0, 0, PICTURE_PIXELS, PICTURE_PIXELS)
}
