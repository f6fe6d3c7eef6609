import { saveFile } from '../picture/save_file'
import type { StudioWorker, Tokens } from '../worker/protocol'
import { pictureTokens, type Trajectory } from './trajectory'

type ExportGif = (...parameters: Parameters<StudioWorker['exportGif']>) => Promise<Blob>

/** More frames make a file that nobody wants to send. */
const MOST_FRAMES = 40
/** How long the finished picture stays, in frames. */
const HELD_FRAMES = 8
const MILLISECONDS_PER_FRAME = 140
/** 128 pixels become 384. */
const SCALE = 3

/** Has an animated GIF made of a trajectory's previews, and saves it. Throws an Error with a sentence. */
export async function saveGif(trajectory: Trajectory, exportGif: ExportGif, fileName: string): Promise<void> {
  const frames = gifFrames(trajectory)
  if (new Set(frames).size < 2)
    throw new Error(
      'There is nothing to animate: fewer than two steps of this picture were recorded, as with live preview off.',
    )
  saveFile(await exportGif(frames, { scale: SCALE, millisecondsPerFrame: MILLISECONDS_PER_FRAME }), fileName)
}

/** The previews in order, evenly thinned out if there are many, with the last one repeated: always the same array. */
export function gifFrames({ moments }: Trajectory): Tokens[] {
  const all = moments.map(pictureTokens).filter((tokens) => tokens !== undefined)
  const count = Math.min(all.length, MOST_FRAMES)
  const last = all.length - 1
  const frames = Array.from(
    { length: count },
    (_, i) => all[count === 1 ? last : Math.round((i * last) / (count - 1))]!,
  )
  return [...frames, ...all.slice(-1).flatMap((tokens) => Array<Tokens>(HELD_FRAMES).fill(tokens))]
}
