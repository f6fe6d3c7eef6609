import { sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import type { Engine } from './engine'
import { likelyDrawing } from './likely_drawing'
import type { NetworkProvider } from './protocol'

/**
 * Steps until networks are fast. On WebGPU the first compiles a shader for nearly every operator. On WebAssembly, browsers
 * compile optimised code of what has run for a while, and that takes as long as several steps.
 */
const STEPS = { webgpu: 1, wasm: 4 }

/** Milliseconds before it begins: on WebAssembly a drawing that is asked for at once would only wait for it. */
const DELAY = { webgpu: 0, wasm: 500 }

/**
 * Runs the networks of the sticker model before the first picture needs them to be fast: some steps, and the decoder.
 *
 * @param signal stops it after the run of a network that it is in
 */
export async function warmUp(engine: Engine, network: NetworkProvider, signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, DELAY[network]))
  signal.throwIfAborted()
  const start = await engine.start(likelyDrawing)
  for await (const { step, milliseconds } of engine.steps(likelyDrawing, start, signal)) {
    await milliseconds
    if (step === STEPS[network]) break
  }
  signal.throwIfAborted()
  await engine.decode([new Uint16Array(sizeOf(STICKERS.grid))])
}
