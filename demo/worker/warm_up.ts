import type { Engine } from './engine'
import { likelyDrawing } from './likely_drawing'
import { NUM_LATENT_PIXELS } from './protocol'

/**
 * Has networks on WebGPU compile their shaders before the first picture needs them: one for nearly every operator, at their
 * first run. So this runs the first step and decodes one picture.
 *
 * Networks on WebAssembly need none of it: that would take 1.3 s (two cores) and save the first picture 0.1 to 0.3 s.
 */
export async function warmUp(engine: Engine): Promise<void> {
  const start = await engine.start(likelyDrawing)
  for await (const { milliseconds } of engine.steps(likelyDrawing, start, new AbortController().signal)) {
    await milliseconds
    break
  }
  await engine.decode([new Uint16Array(NUM_LATENT_PIXELS)])
}
