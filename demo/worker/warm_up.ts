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
 * Takes a step of a picture that nobody sees, and decodes one: it has pipelines compiled and memory laid out, which the
 * first picture would have to wait for.
 */
export async function warmUp(engine: Engine): Promise<void> {
  const start = await engine.begin(drawing)
  for await (const { milliseconds } of engine.steps(drawing, start, new AbortController().signal)) {
    await milliseconds
    break
  }
  await engine.decode([new Uint16Array(NUM_LATENT_PIXELS)])
}
