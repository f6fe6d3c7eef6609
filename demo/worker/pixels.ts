/**
 * Converts images to bitmaps, which can be transferred. Not by `transferToImageBitmap` of an OffscreenCanvas: that
 * bitmap may be in GPU memory and would be lost with the device.
 */
export function toBitmaps(images: readonly ImageData[]): Promise<ImageBitmap[]> {
  return Promise.all(images.map((image) => createImageBitmap(image)))
}

/** Scales up by an integer factor, with smoothing. */
export async function enlarge(image: ImageData, factor: number): Promise<ImageData> {
  if (factor === 1) return image
  const bitmap = await createImageBitmap(image)
  const [width, height] = [image.width * factor, image.height * factor]
  // `willReadFrequently` keeps it in CPU memory.
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  return context.getImageData(0, 0, width, height)
}
