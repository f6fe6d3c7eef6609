import * as ort from 'onnxruntime-web/wasm'
import { type GpuTensor, VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { createOnnxDecoder, createOnnxDenoiser, createOnnxSession } from 'vq-diffusion-webgpu/onnx'
import type { Figures } from '../report/results'

/** The demo's model, the settings that its card recommends, and a condition: a style and two words, and nothing. */
const model = '/packages/vq-diffusion-emoji/emoji-16x16/'
const settings = { numLatentPixels: 256, numInferenceSteps: 16, guidanceScale: 2.5, truncationRate: 0.86, seed: 1 }
const conditioning = {
  conditional: { text: Int32Array.from({ length: 16 }, (_, i) => [1, 30, 40][i] ?? 0) },
  unconditional: { text: new Int32Array(16) },
}

/**
 * Draws a picture of the demo's model, network on WebAssembly, engine on WebGPU, and reports the share of the time that is
 * not the network's: copies to and from the host, steps, waiting for them.
 */
export async function pictureFigures(device: GPUDevice): Promise<Figures> {
  ort.env.logLevel = 'error'
  /** Milliseconds within networks. Runs on WebAssembly hold the thread, so they never overlap. */
  let network = 0
  const open = async (file: string, externalData: Record<string, string> = {}) => {
    const session = await createOnnxSession(ort, `${model}${file}`, { provider: 'wasm', externalData })
    const run = session.run.bind(session)
    session.run = async (...given) => {
      const begun = performance.now()
      const outputs = await run(...given)
      network += performance.now() - begun
      return outputs
    }
    return session
  }
  const decoder = createOnnxDecoder({ session: await open('vqvae/decoder.onnx') })
  const weights = { 'weights.bin': `${model}denoiser/weights.bin` }
  const pipeline = new VQDiffusionPipeline({
    scheduler: await VQDiffusionScheduler.fromPretrained(device, new URL(model, location.href)),
    denoiser: createOnnxDenoiser({ session: await open('denoiser/model_int8.onnx', weights) }),
    decoder,
  })
  let total = 0
  // The first picture compiles the kernels.
  for (let picture = 0; picture < 2; picture++) {
    network = 0
    const begun = performance.now()
    // The page shows the tokens of every step; no step waits for them.
    const arriving: Promise<unknown>[] = []
    let last: GpuTensor | undefined
    for await (const { sample } of pipeline.sample({ ...settings, conditioning, previewEvery: 0 })) {
      arriving.push(sample.read())
      last = sample
    }
    await Promise.all([...arriving, decoder(last!)])
    last!.destroy()
    total = performance.now() - begun
  }
  const note = `${settings.numInferenceSteps} steps, network on WebAssembly: ${Math.round(total)} ms, ${Math.round(network)} ms of them within the networks`
  return { non_network_share: { value: 1 - network / total, note } }
}
