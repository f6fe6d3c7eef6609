import type { Size } from '../worker/protocol'
import { stickerEdge } from './sticker_edge'

/** How much larger than the decoder's a saved picture is. */
export const SCALES = [1, 4, 8] as const

/** How pictures are saved and copied. */
export interface StickerOptions {
  scale: (typeof SCALES)[number]
  /** Whether it has the white edge that stickers have on the stage. */
  edge: boolean
}

/** Of the longer side of the picture, as on the stage. */
const EDGE_SHARE = 1 / 192

/** Pixels along a side of a canvas that every browser allows. */
const MAX_SIDE = 4096

/** A picture of this size as it is saved: scaled, by less if the canvas would be too large. */
export function savedSize({ width, height }: Size, scale: number, maxSide = MAX_SIDE): Size {
  const used = Math.min(scale, maxSide / Math.max(width, height))
  return { width: Math.max(1, Math.floor(width * used)), height: Math.max(1, Math.floor(height * used)) }
}

/** A picture as it is saved, with an edge if asked for. The picture is smaller then, so that all of the edge is seen. */
export function drawSticker(picture: ImageBitmap, { width, height }: Size, edge: boolean): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height)
  // `willReadFrequently` keeps it in CPU memory.
  const context = canvas.getContext('2d', { willReadFrequently: edge })!
  const radius = edge ? Math.max(width, height) * EDGE_SHARE : 0
  const margin = Math.ceil(radius)
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, margin, margin, width - 2 * margin, height - 2 * margin)
  if (!edge) return canvas
  const below = new OffscreenCanvas(width, height)
  const pixels = stickerEdge(context.getImageData(0, 0, width, height), radius)
  below.getContext('2d')!.putImageData(new ImageData(pixels, width), 0, 0)
  context.globalCompositeOperation = 'destination-over'
  context.drawImage(below, 0, 0)
  return canvas
}

/** Several pictures side by side, as in the grid of the page; smaller if the sheet would be too large. */
export function drawSheet(pictures: readonly ImageBitmap[], { scale, edge }: StickerOptions): OffscreenCanvas {
  const columns = Math.ceil(Math.sqrt(pictures.length))
  const size = savedSize(pictures[0]!, scale, Math.floor(MAX_SIDE / columns))
  const rows = Math.ceil(pictures.length / columns)
  const sheet = new OffscreenCanvas(columns * size.width, rows * size.height)
  const context = sheet.getContext('2d')!
  for (const [i, picture] of pictures.entries()) {
    const sticker = drawSticker(picture, size, edge)
    context.drawImage(sticker, (i % columns) * size.width, Math.floor(i / columns) * size.height)
  }
  return sheet
}
