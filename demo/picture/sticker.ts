import { stickerEdge } from './sticker_edge'

/** Width and height of a saved picture, in pixels. */
export const SIZES = [128, 512, 1024] as const

/** How pictures are saved and copied. */
export interface StickerOptions {
  size: (typeof SIZES)[number]
  /** Whether it has the white edge that it has on the stage. */
  edge: boolean
}

/** Of the side of the picture, as on the stage. */
const EDGE_SHARE = 1 / 192

/** Pixels along a side of a canvas that every browser allows. */
const MAX_SIDE = 4096

/** A picture as it is saved: scaled, with an edge if asked for. The picture is smaller then, so that all of the edge is seen. */
export function drawSticker(picture: ImageBitmap, { size, edge }: { size: number; edge: boolean }): OffscreenCanvas {
  const canvas = new OffscreenCanvas(size, size)
  // `willReadFrequently` keeps it in CPU memory.
  const context = canvas.getContext('2d', { willReadFrequently: edge })!
  const radius = edge ? size * EDGE_SHARE : 0
  const margin = Math.ceil(radius)
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, margin, margin, size - 2 * margin, size - 2 * margin)
  if (!edge) return canvas
  const below = new OffscreenCanvas(size, size)
  const pixels = stickerEdge(context.getImageData(0, 0, size, size), radius)
  below.getContext('2d')!.putImageData(new ImageData(pixels, size), 0, 0)
  context.globalCompositeOperation = 'destination-over'
  context.drawImage(below, 0, 0)
  return canvas
}

/** Several pictures side by side, as in the grid of the page; smaller if the sheet would be too large. */
export function drawSheet(pictures: readonly ImageBitmap[], options: StickerOptions): OffscreenCanvas {
  const columns = Math.ceil(Math.sqrt(pictures.length))
  const size = Math.min(options.size, Math.floor(MAX_SIDE / columns))
  const sheet = new OffscreenCanvas(columns * size, Math.ceil(pictures.length / columns) * size)
  const context = sheet.getContext('2d')!
  for (const [i, picture] of pictures.entries()) {
    const sticker = drawSticker(picture, { size, edge: options.edge })
    context.drawImage(sticker, (i % columns) * size, Math.floor(i / columns) * size)
  }
  return sheet
}
