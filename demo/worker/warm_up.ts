import type { Network } from '../picture/settings'
import type { Engine } from './engine'
import { type Drawing, NUM_LATENT_PIXELS } from './protocol'

/** The usual settings; of its steps only the first is taken. */
const drawing: Drawing = {
  text: new Int32Array(16),
  seeds: [0],
  steps: 2,
  guidance: 2.5,
  truncation: 0.86,
  method: 'posterior',
  priorWeight: 1,
  spacing: 'exact',
  livePreview: false,
}

/**
 * Has compiled what the first picture would have to wait for.
 *
 * On WebGPU the networks compile a shader for nearly every operator as they first run, so a step of a picture that nobody
 * sees is taken, and one decoded. On WebAssembly that does not pay: it takes 1.3 s (SwiftShader, two cores) and saves the
 * first picture 0.1 to 0.3 s of them.
 */
export async function warmUp(engine: Engine, network: Network): Promise<void> {
  await engine.prepare(drawing)
  if (network === 'wasm') return
  const start = await engine.begin(drawing)
  for await (const { milliseconds } of engine.steps(drawing, start, new AbortController().signal)) {
    await milliseconds
    break
  }
  await engine.decode([new Uint16Array(NUM_LATENT_PIXELS)])
}
