import { saveFile } from '../picture/save_file'
import type { Size, StudioWorker, Tokens } from '../worker/protocol'
import { previewTokens, type Trajectory } from './trajectory'

/** @param signal stops it; it then rejects with the signal's reason */
export type ExportGif = (
  ...parameters: [...parameters: Parameters<StudioWorker['exportGif']>, signal: AbortSignal]
) => Promise<Blob>

/** Keeps the file small enough to be sent. */
const MAX_FRAMES = 40
/** Repetitions of the last frame. */
const HELD_FRAMES = 8
const MILLISECONDS_PER_FRAME = 140
/** Pictures are enlarged to about so many pixels: a sticker of 128 three times. */
const SIDE = 384

interface SaveGifOptions {
  /** Of a picture, in pixels. */
  picture: Size
  fileName: string
  /** Called with the share that is done, 0 … 1. */
  onProgress(share: number): void
  signal: AbortSignal
}

/** Saves a trajectory's previews as an animated GIF. Throws an Error with a sentence, or the signal's reason. */
export async function saveGif(
  trajectory: Trajectory,
  exportGif: ExportGif,
  { picture, fileName, onProgress, signal }: SaveGifOptions,
): Promise<void> {
  const frames = gifFrames(trajectory)
  if (new Set(frames).size < 2)
    throw new Error(
      'There is nothing to animate: fewer than two steps of this picture were recorded, as with live preview off.',
    )
  const options = {
    scale: Math.max(1, Math.floor(SIDE / Math.max(picture.width, picture.height))),
    millisecondsPerFrame: MILLISECONDS_PER_FRAME,
  }
  saveFile(await exportGif(frames, options, onProgress, signal), fileName)
}

/** The previews in order, evenly thinned out to `MAX_FRAMES`, with the last one repeated (the same array each time). */
export function gifFrames({ snapshots }: Trajectory): Tokens[] {
  const previews = snapshots.map(previewTokens).filter((tokens) => tokens !== undefined)
  const count = Math.min(previews.length, MAX_FRAMES)
  const last = previews.length - 1
  const frames = Array.from(
    { length: count },
    (_, i) => previews[count === 1 ? last : Math.round((i * last) / (count - 1))]!,
  )
  return [...frames, ...previews.slice(-1).flatMap((tokens) => Array<Tokens>(HELD_FRAMES).fill(tokens))]
}
