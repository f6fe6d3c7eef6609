import type { Engine } from './engine'
import { type DrawingOptions, type NetworkProvider, NUM_LATENT_PIXELS } from './protocol'

/** The default settings. Only the first of the two steps runs. */
const drawing: DrawingOptions = {
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
 * Compiles shaders before the first picture needs them.
 *
 * On WebGPU the networks compile a shader for nearly every operator at their first run, so this runs one step and decodes
 * one picture. On WebAssembly it does not: that would take 1.3 s (two cores) and save the first picture 0.1 to 0.3 s.
 */
export async function warmUp(engine: Engine, network: NetworkProvider): Promise<void> {
  await engine.prepare(drawing)
  if (network === 'wasm') return
  const start = await engine.start(drawing)
  for await (const { milliseconds } of engine.steps(drawing, start, new AbortController().signal)) {
    await milliseconds
    break
  }
  await engine.decode([new Uint16Array(NUM_LATENT_PIXELS)])
}
