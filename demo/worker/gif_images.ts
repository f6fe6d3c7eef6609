import type { Tokens } from './protocol'

/** Frames decoded in one run of the decoder; other work can run between two runs. */
const FRAMES_PER_DECODE = 4
/** Of the time that a GIF takes. */
const DECODING_SHARE = 0.8

/** The images of a GIF's frames, in their order. A frame that is repeated is decoded once. Throws the signal's reason. */
export async function gifImages(
  frames: readonly Tokens[],
  decode: (batch: Tokens[]) => Promise<ImageData[]>,
  { onProgress, signal }: { onProgress: (share: number) => void; signal: AbortSignal },
): Promise<ImageData[]> {
  const distinct = [...new Set(frames)]
  const images = new Map<Tokens, ImageData>()
  for (let at = 0; at < distinct.length; at += FRAMES_PER_DECODE) {
    const batch = distinct.slice(at, at + FRAMES_PER_DECODE)
    for (const [i, image] of (await decode(batch)).entries()) images.set(batch[i]!, image)
    onProgress((DECODING_SHARE * images.size) / distinct.length)
    // Lets the message arrive that stops it.
    await new Promise((resolve) => setTimeout(resolve))
    signal.throwIfAborted()
  }
  return frames.map((tokens) => images.get(tokens)!)
}
