import { sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import type { Picture } from '../picture/picture'
import { type PictureSettings, readSettings, type Style, withoutCount } from '../picture/settings'
import type { Expectation, Frame } from '../worker/protocol'
import { readRecording } from './recording'
import description from './wall.json'

/** Pictures beside each other in the sprite. */
const SPRITE_COLUMNS = 5

/** Pictures that the model has drawn when the page was made, in one batch, with all their steps. */
export interface Wall {
  pictures: Picture[]
  /** 128×128, from a compressed image: the decoder gives nearly the same pixels. */
  bitmaps: ImageBitmap[]
  frames: Frame[]
  expectation: Expectation
}

/** Settings of all pictures of the wall. */
function wallSettings(): PictureSettings[] {
  const defaults = withoutCount(readSettings(new URLSearchParams(), STICKERS))
  return description.pictures.map((picture) => ({
    ...defaults,
    ...(description.settings as Partial<PictureSettings>),
    ...picture,
    style: picture.style as Style,
  }))
}

/** The wall without its pixels, from the recording of scripts/wall.mjs. */
export function readWall(recording: Uint8Array<ArrayBuffer>): Omit<Wall, 'bitmaps'> {
  const { expectation, model } = description
  const settings = wallSettings()
  const { grid } = STICKERS
  const size = sizeOf(grid)
  const frames = readRecording(recording, expectation.timesteps, settings.length)
  const { tokens } = frames.at(-1)!
  const pictures = settings.map((settings, i) => ({
    tokens: tokens.slice(i * size, (i + 1) * size),
    grid,
    settings,
    origin: 'drawn' as const,
    modelHash: model.denoiser,
  }))
  return { pictures, frames, expectation }
}

/**
 * Fetches the wall: two small files of the page.
 *
 * @param folder URL of the two, with a trailing slash
 */
export async function fetchWall(folder: string): Promise<Wall> {
  const [recording, sprite] = await Promise.all([
    fetchUnpacked(`${folder}recording.bin`),
    fetchImage(`${folder}sprite.webp`),
  ])
  const wall = readWall(recording)
  const { width, height } = STICKERS.picture
  const bitmaps = wall.pictures.map((_, i) => {
    const [row, column] = [Math.floor(i / SPRITE_COLUMNS), i % SPRITE_COLUMNS]
    return createImageBitmap(sprite, column * width, row * height, width, height)
  })
  const cut = await Promise.all(bitmaps)
  sprite.close()
  return { ...wall, bitmaps: cut }
}

async function fetchUnpacked(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const { body } = await fetchFile(url)
  return new Uint8Array(await new Response(body!.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer())
}

/** Decoded once: an image element would be decoded again for each picture that is cut out. */
async function fetchImage(url: string): Promise<ImageBitmap> {
  return createImageBitmap(await (await fetchFile(url)).blob())
}

async function fetchFile(url: string): Promise<Response> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return response
}
