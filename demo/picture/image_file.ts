import type { Size } from '../worker/protocol'

const MAX_MEGABYTES = 50
/** A browser needs 4 bytes for each while it decodes the file. Cameras have up to 50 million. */
const MAX_MEGAPIXELS = 64

/** The bytes of a file. Throws an Error with a sentence if it is too large, empty or cannot be read. */
export async function readFile(file: File): Promise<Uint8Array<ArrayBuffer>> {
  const name = nameOf(file)
  const megabytes = file.size / 1e6
  if (megabytes > MAX_MEGABYTES)
    throw new Error(`${name} has ${Math.round(megabytes)} MB; the limit is ${MAX_MEGABYTES} MB.`)
  const bytes = await file.arrayBuffer().catch((cause) => {
    throw new Error(`${name} cannot be read. If it is a folder, choose a picture in it.`, { cause })
  })
  if (bytes.byteLength === 0) throw new Error(`${name} is empty.`)
  return new Uint8Array(bytes)
}

/** The size at which the complete picture fits into a picture of the model. Decodes no pixels. Throws an Error with a sentence. */
export async function fittedSize(file: File, bounds: Size): Promise<Size> {
  const name = nameOf(file)
  const { width, height } = await sizeOf(file).catch((cause) => {
    const isPicture = file.type.startsWith('image/')
    throw new Error(isPicture ? `This browser cannot read ${name}.` : `${name} is not a picture.`, { cause })
  })
  if (width * height > MAX_MEGAPIXELS * 1e6)
    throw new Error(`${name} has ${width} × ${height} pixels; the limit is ${MAX_MEGAPIXELS} million.`)
  return fit({ width, height }, bounds)
}

/** The largest size with the same shape within these bounds. Each side is at least 1. */
export function fit({ width, height }: Size, bounds: Size): Size {
  const scale = Math.min(bounds.width / width, bounds.height / height)
  const side = (length: number) => Math.max(1, Math.round(length * scale))
  return { width: side(width), height: side(height) }
}

/** Browsers tell the format by the content, and read the size from the head of the file. */
async function sizeOf(file: File): Promise<Size> {
  const image = new Image()
  const url = URL.createObjectURL(file)
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve
      image.onerror = reject
      image.src = url
    })
    if (image.naturalWidth === 0 || image.naturalHeight === 0) throw new Error('It has no size.')
    return { width: image.naturalWidth, height: image.naturalHeight }
  } finally {
    URL.revokeObjectURL(url)
    image.src = ''
  }
}

/** The name of a file on the page; those of a clipboard may have none. */
export function nameOf({ name }: File): string {
  return name || 'The picture'
}
