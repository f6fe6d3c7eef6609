import { PICTURE_PIXELS } from '../worker/protocol'

/** Larger files are hardly pictures that somebody meant to drop here. */
const MOST_BYTES = 50e6

/** The bytes of an image file; throws an Error with a sentence for files that are none. */
export async function readImage(file: File): Promise<Uint8Array<ArrayBuffer>> {
  if (!file.type.startsWith('image/')) throw new Error(`${file.name || 'What came'} is not a picture.`)
  if (file.size > MOST_BYTES) {
    throw new Error(
      `${file.name} has ${Math.round(file.size / 1e6)} MB; the most that is taken is ${MOST_BYTES / 1e6} MB.`,
    )
  }
  return new Uint8Array(await file.arrayBuffer())
}

/** The whole picture in the middle of 128×128, what is left over transparent. Throws an Error with a sentence. */
export async function fitPicture(file: File): Promise<ImageBitmap> {
  const picture = await decodeSmall(file)
  const sheet = new OffscreenCanvas(PICTURE_PIXELS, PICTURE_PIXELS)
  const left = Math.floor((PICTURE_PIXELS - picture.width) / 2)
  const top = Math.floor((PICTURE_PIXELS - picture.height) / 2)
  sheet.getContext('2d')!.drawImage(picture, left, top)
  picture.close()
  return sheet.transferToImageBitmap()
}

/** The browser decodes and shrinks on another thread; with one side given, the other follows. */
async function decodeSmall(file: File): Promise<ImageBitmap> {
  try {
    const wide = await createImageBitmap(file, { resizeWidth: PICTURE_PIXELS, resizeQuality: 'high' })
    if (wide.height <= PICTURE_PIXELS) return wide
    wide.close()
    return await createImageBitmap(file, { resizeHeight: PICTURE_PIXELS, resizeQuality: 'high' })
  } catch (error) {
    throw new Error(`This browser cannot read ${file.name || 'the picture'}.`, { cause: error })
  }
}
