import type { Model } from '../model/model'
import { nameOf } from '../picture/image_file'
import { removePlainBackground } from './plain_background'
import type { Size } from './protocol'

interface FittedPicture {
  /** As large as a picture of the model. */
  image: ImageData
  hasPlainBackground: boolean
}

/**
 * A picture file scaled to this size, and centred in a picture of the model on transparent pixels, without its background if
 * that is plain. Throws an Error with a sentence.
 *
 * @param hasAlpha whether the model draws on transparency; else the background always stays
 */
export async function fitPicture(
  file: File,
  { width, height }: Size,
  keepsBackground: boolean,
  { picture: whole, hasAlpha }: Pick<Model, 'picture' | 'hasAlpha'>,
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
  const canvas = new OffscreenCanvas(whole.width, whole.height)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  const [left, top] = [Math.floor((whole.width - width) / 2), Math.floor((whole.height - height) / 2)]
  context.drawImage(picture, left, top)
  picture.close()
  const pixels = () => context.getImageData(0, 0, whole.width, whole.height)
  const image = pixels()
  if (!hasAlpha) return { image, hasPlainBackground: false }
  const original = keepsBackground ? pixels() : undefined
  const hasPlainBackground = removePlainBackground(image, { left, top, width, height })
  return { image: original ?? image, hasPlainBackground }
}
