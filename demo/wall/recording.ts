import { sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import type { Frame } from '../worker/protocol'

/** Entropy of the uniform distribution over all classes, in nats: the byte 255. */
const MAX_ENTROPY = Math.log(STICKERS.grid.numCodes)

/**
 * The frames of pictures that were drawn together, from a file of scripts/wall.mjs: the tokens at the start and after each
 * step, then the x₀ of each step, u16 [B·256] each, then its entropies, u8 [B·256]. Throws an Error with a sentence if the
 * file has another length.
 *
 * @param timesteps that the drawing visited, n entries
 * @param count of pictures, B
 */
export function readRecording(file: Uint8Array<ArrayBuffer>, timesteps: readonly number[], count: number): Frame[] {
  const steps = timesteps.length
  const cells = count * sizeOf(STICKERS.grid)
  const numTokens = (2 * steps + 1) * cells
  if (file.length !== 2 * numTokens + steps * cells)
    throw new Error(`A recording of ${count} pictures in ${steps} steps does not have ${file.length} bytes.`)
  const view = new DataView(file.buffer, file.byteOffset)
  const tokensOf = (grid: number) =>
    Uint16Array.from({ length: cells }, (_, cell) => view.getUint16(2 * (grid * cells + cell), true))
  const entropyOf = (step: number) =>
    Float32Array.from(
      file.subarray(2 * numTokens + step * cells, 2 * numTokens + (step + 1) * cells),
      (byte) => (byte / 255) * MAX_ENTROPY,
    )
  return Array.from({ length: steps + 1 }, (_, step) => ({
    step,
    timestep: timesteps[step] ?? -1,
    tokens: tokensOf(step),
    ...(step > 0 && { predOriginalSample: tokensOf(steps + step), entropy: entropyOf(step - 1) }),
    networkMilliseconds: 0,
    engineMilliseconds: 0,
  }))
}
