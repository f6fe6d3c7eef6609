import { PICTURE_PIXELS } from '../worker/protocol'

const MAX_MEGABYTES = 50

/** The bytes of an image file. Throws an Error with a sentence if the file is too large or not an image. */
export async function readImage(file: File): Promise<Uint8Array<ArrayBuffer>> {
  if (!file.type.startsWith('image/')) throw new Error(`${file.name || 'The file'} is not a picture.`)
  const megabytes = file.size / 1e6
  if (megabytes > MAX_MEGABYTES) {
    throw new Error(`${file.name} has ${Math.round(megabytes)} MB; the limit is ${MAX_MEGABYTES} MB.`)
  }
  return new Uint8Array(await file.arrayBuffer())
}

/** The complete picture, scaled and centred in 128×128, transparent around it. Throws an Error with a sentence. */
export async function fitPicture(file: File): Promise<ImageBitmap> {
  const picture = await decodeToFit(file)
  const canvas = new OffscreenCanvas(PICTURE_PIXELS, PICTURE_PIXELS)
  const left = Math.floor((PICTURE_PIXELS - picture.width) / 2)
  const top = Math.floor((PICTURE_PIXELS - picture.height) / 2)
  canvas.getContext('2d')!.drawImage(picture, left, top)
  picture.close()
  return canvas.transferToImageBitmap()
}

/** Decodes and scales on a browser thread. One resize side is given, so the other keeps the aspect ratio. */
async function decodeToFit(file: File): Promise<ImageBitmap> {
  try {
    const fitted = await createImageBitmap(file, { resizeWidth: PICTURE_PIXELS, resizeQuality: 'high' })
    if (fitted.height <= PICTURE_PIXELS) return fitted
    fitted.close()
    return await createImageBitmap(file, { resizeHeight: PICTURE_PIXELS, resizeQuality: 'high' })
  } catch (error) {
    throw new Error(`This browser cannot read ${file.name || 'the picture'}.`, { cause: error })
  }
}
