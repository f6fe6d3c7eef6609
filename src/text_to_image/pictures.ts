import { DtypeError, OptionError, ShapeError } from '../errors'
import { kindOf } from '../kind'
import { imageDataOf, pixelBytes } from '../onnx/images'
import { arrayClass } from '../typed_arrays'
import { valueText } from '../value_text'

/** A picture as browsers have them. Others than ImageData of the model's size need a browser's canvas. */
export type Picture = ImageData | ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas | Blob

/** What inpainting keeps: a value for each latent pixel or image pixel, not 0 where it is kept, or a picture, opaque there. */
export type Mask = ArrayLike<number> | Picture

/** Whether this is a list of numbers: tokens, or a mask with a value for each pixel. */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  if (Array.isArray(value)) return value.every((entry) => typeof entry === 'number')
  return ArrayBuffer.isView(value) && arrayClass(value) !== 'DataView'
}

/** A copy of the picture as it is at the call. Rejects with DtypeError, or OptionError where only ImageData can be read. */
export async function takePicture(name: string, picture: Picture): Promise<ImageData | ImageBitmap> {
  requirePicture(name, picture)
  if (isImageData(picture)) return imageDataOf(pixelBytes(picture), picture.width, picture.height)
  if (typeof createImageBitmap === 'undefined')
    throw new OptionError(`${name} needs to be ImageData or tokens: no other picture can be read here.`)
  return createImageBitmap(picture).catch((cause: Error) => {
    throw new DtypeError(`${name} could not be decoded as a picture: ${cause.message}`, { cause })
  })
}

/** The picture scaled to fit into this size and centred on transparent pixels. An ImageBitmap is closed. */
export async function fitPicture(
  name: string,
  picture: ImageData | ImageBitmap,
  [height, width]: readonly [number, number],
): Promise<ImageData> {
  if (isImageData(picture) && picture.width === width && picture.height === height) return picture
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined')
    throw new OptionError(
      `${name} needs to be ImageData of ${width} × ${height} pixels or tokens: there is no canvas here to scale a picture.`,
    )
  const bitmap = isImageData(picture) ? await createImageBitmap(picture) : picture
  // `willReadFrequently` keeps the canvas in CPU memory.
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
  context.imageSmoothingQuality = 'high'
  const scale = Math.min(width / bitmap.width, height / bitmap.height)
  // Less than a pixel would fade.
  const [w, h] = [Math.max(1, bitmap.width * scale), Math.max(1, bitmap.height * scale)]
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h)
  bitmap.close()
  return context.getImageData(0, 0, width, height)
}

/**
 * A mask of latent pixels, [N] with 1 for known ones. A mask of image pixels keeps a latent pixel if it keeps all pixels
 * of its cell. Throws ShapeError.
 *
 * @param mask one value for each latent pixel or each image pixel, not 0 where it is known; or a picture, whose opaque
 *   pixels are known
 */
export async function latentMask(
  mask: Mask,
  latentShape: readonly [height: number, width: number],
  imageShape: readonly [height: number, width: number],
): Promise<Uint32Array> {
  const [rows, columns] = latentShape
  const [height, width] = imageShape
  const values = isNumbers(mask)
    ? mask
    : opaque(await fitPicture('known.mask', await takePicture('known.mask', mask), imageShape))
  if (values.length === rows * columns) return Uint32Array.from(values, (value) => (Number(value) === 0 ? 0 : 1))
  if (values.length !== height * width)
    throw new ShapeError(
      `known.mask needs ${rows * columns} values (latent pixels) or ${height * width} (image pixels); given ${values.length}.`,
    )
  const known = new Uint32Array(rows * columns).fill(1)
  for (let pixel = 0; pixel < values.length; pixel++) {
    const row = Math.floor(((Math.floor(pixel / width) + 0.5) * rows) / height)
    const column = Math.floor((((pixel % width) + 0.5) * columns) / width)
    if (Number(values[pixel]) === 0) known[row * columns + column] = 0
  }
  return known
}

/** 1 for each pixel that is rather opaque than transparent. */
function opaque({ data }: ImageData): Uint8Array {
  return Uint8Array.from({ length: data.length / 4 }, (_, pixel) => (data[4 * pixel + 3]! >= 128 ? 1 : 0))
}

function isImageData(picture: Picture): picture is ImageData {
  const { data, width, height } = picture as Partial<ImageData>
  return /^(Uint8Clamped|Float16)Array$/.test(arrayClass(data)) && data!.length === 4 * width! * height!
}

/** Throws DtypeError unless the value is a picture. */
export function requirePicture(name: string, picture: unknown): void {
  const isObject = typeof picture === 'object' && picture !== null
  if (!isObject || !('width' in picture || /^(Blob|File)$/.test(kindOf(picture))))
    throw new DtypeError(
      `${name} needs to be tokens or a picture (ImageData, ImageBitmap, an image or canvas element, a Blob); ` +
        `given ${valueText(picture)}.`,
    )
}
