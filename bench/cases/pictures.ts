import * as ort from 'onnxruntime-web/wasm'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import type { Figures } from '../report/results'

/** The demo's model. */
const model = '/packages/vq-diffusion-emoji/emoji-16x16/'

/**
 * Draws a picture of the demo's model with the model's defaults, network on WebAssembly, engine on WebGPU, and reports the
 * share of the time that is not the network's: copies to and from the host, steps, waiting for them.
 */
export async function pictureFigures(device: GPUDevice): Promise<Figures> {
  ort.env.logLevel = 'error'
  /** Milliseconds within networks. Runs on WebAssembly hold the thread, so they never overlap. */
  let network = 0
  const create = async (model: Uint8Array, options: ort.InferenceSession.SessionOptions) => {
    const session = await ort.InferenceSession.create(model, options)
    const run = session.run.bind(session)
    const timedRun = async (...given: Parameters<typeof run>) => {
      const begun = performance.now()
      const outputs = await run(...given)
      network += performance.now() - begun
      return outputs
    }
    session.run = timedRun as typeof run
    return session
  }
  const InferenceSession = { create } as typeof ort.InferenceSession
  const pipe = await VQDiffusionPipeline.fromPretrained(new URL(model, location.href), {
    ort: { ...ort, InferenceSession },
    device,
    network: 'wasm',
    cache: false,
  })
  let total = 0
  // The first picture compiles the kernels.
  for (let picture = 0; picture < 2; picture++) {
    network = 0
    const begun = performance.now()
    await pipe('smiling cat', { seed: 1 })
    total = performance.now() - begun
  }
  await pipe.destroy()
  const { numInferenceSteps } = pipe.defaults
  const note = `${numInferenceSteps} steps, network on WebAssembly: ${Math.round(total)} ms, ${Math.round(network)} ms of them within the networks`
  return { non_network_share: { value: 1 - network / total, note } }
}
