import type { Picture } from './picture'
import { writePngMetadata } from './png_metadata'
import { drawSheet, drawSticker, type StickerOptions, savedSize } from './sticker'
import { fileNameOf } from './titles'

/** A finished picture with its pixels. */
export interface FinishedPicture {
  picture: Picture
  bitmap: ImageBitmap
}

/** A PNG that can be opened again, whatever its size is: it has the picture's tokens and settings. */
export async function pngOf({ picture, bitmap }: FinishedPicture, options: StickerOptions): Promise<Blob> {
  return writePngMetadata(await toPng(drawSticker(bitmap, savedSize(bitmap, options.scale), options.edge)), picture)
}

/** One PNG of several pictures side by side. */
export async function sheetOf(pictures: readonly FinishedPicture[], options: StickerOptions): Promise<Blob> {
  return toPng(
    drawSheet(
      pictures.map(({ bitmap }) => bitmap),
      options,
    ),
  )
}

/** A zip of a PNG for each picture. */
export async function zipOf(pictures: readonly FinishedPicture[], options: StickerOptions): Promise<Blob> {
  const { zipSync } = await import('fflate')
  const names = fileNames(pictures.map(({ picture }) => picture))
  const files: Record<string, Uint8Array> = {}
  for (const [i, picture] of pictures.entries()) {
    files[names[i]!] = new Uint8Array(await (await pngOf(picture, options)).arrayBuffer())
  }
  // PNGs are compressed already.
  return new Blob([zipSync(files, { level: 0 }) as Uint8Array<ArrayBuffer>], { type: 'application/zip' })
}

/** File names of several pictures, numbered where they would be the same. */
export function fileNames(pictures: readonly Pick<Picture, 'settings'>[]): string[] {
  const used = new Set<string>()
  return pictures.map(({ settings }) => {
    const base = fileNameOf(settings)
    let name = `${base}.png`
    for (let number = 2; used.has(name); number++) name = `${base}-${number}.png`
    used.add(name)
    return name
  })
}

function toPng(canvas: OffscreenCanvas): Promise<Blob> {
  return canvas.convertToBlob({ type: 'image/png' })
}
