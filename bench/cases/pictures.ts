import * as ort from 'onnxruntime-web/wasm'
import { VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxSession,
  type OnnxSession,
  type Scheduler,
} from 'vq-diffusion-webgpu/onnx'
import type { Figures } from '../report/results'

/** The demo's model, the settings that its card recommends, and a condition: a style and two words, and nothing. */
const model = '/packages/vq-diffusion-emoji/emoji-16x16/'
const settings = { numLatentPixels: 256, numInferenceSteps: 16, guidanceScale: 2.5, truncationRate: 0.86, seed: 1 }
const conditioning = {
  conditional: { text: Int32Array.from({ length: 16 }, (_, i) => [1, 30, 40][i] ?? 0) },
  unconditional: { text: new Int32Array(16) },
}

/** Networks on WebAssembly. Their runs hold the thread, so they never overlap. */
interface TimedNetworks {
  readonly denoiser: OnnxSession
  readonly decoder: OnnxSession
  /** Milliseconds within runs so far. */
  milliseconds: number
}

/**
 * Draws pictures of the demo's model, the network on WebAssembly, and reports the share of the time that is not the
 * network's: copies to and from the host, steps, waiting for them. With live preview the pipeline also returns x₀ and
 * diagnostics of every step, as the studio does for its scrubber.
 */
export async function pictureFigures(device: GPUDevice): Promise<Figures> {
  ort.env.logLevel = 'error'
  const networks = await openNetworks()
  const url = new URL(model, location.href)
  const onGpu = await VQDiffusionScheduler.fromPretrained(device, url)
  const onCpu = await CpuScheduler.fromPretrained(url)
  // The first picture compiles the kernels.
  await nonNetworkShare(onGpu, networks, true)
  return {
    non_network_share: await nonNetworkShare(onGpu, networks, false),
    live_non_network_share: await nonNetworkShare(onGpu, networks, true),
    live_non_network_share_cpu: await nonNetworkShare(onCpu, networks, true),
  }
}

async function openNetworks(): Promise<TimedNetworks> {
  const networks = { milliseconds: 0 }
  const open = async (file: string, externalData: Record<string, string> = {}) => {
    const session = await createOnnxSession(ort, `${model}${file}`, { provider: 'wasm', externalData })
    const run = session.run.bind(session)
    session.run = async (...given) => {
      const begun = performance.now()
      const outputs = await run(...given)
      networks.milliseconds += performance.now() - begun
      return outputs
    }
    return session
  }
  return Object.assign(networks, {
    denoiser: await open('denoiser/model_int8.onnx', { 'weights.bin': `${model}denoiser/weights.bin` }),
    decoder: await open('vqvae/decoder.onnx'),
  })
}

/** Draws one picture. */
async function nonNetworkShare(scheduler: Scheduler, networks: TimedNetworks, live: boolean): Promise<Figures[string]> {
  const decoder = createOnnxDecoder({ session: networks.decoder })
  const pipeline = new VQDiffusionPipeline({
    scheduler,
    denoiser: createOnnxDenoiser({ session: networks.denoiser }),
    decoder,
  })
  const before = networks.milliseconds
  const begun = performance.now()
  // The page shows the tokens of every step; no step waits for them.
  const arriving: unknown[] = []
  const steps = pipeline.sample({
    ...settings,
    conditioning,
    previewEvery: live ? 'auto' : 0,
    predOriginalSample: live,
    diagnostics: live,
  })
  for await (const { step, sample, predOriginalSample, diagnostics, preview } of steps) {
    const { entropy, counts } = diagnostics ?? {}
    arriving.push(...[sample, predOriginalSample, entropy, counts].map((tensor) => tensor?.read()), preview)
    if (step === settings.numInferenceSteps - 1) {
      arriving.push(decoder(sample))
      await Promise.all(arriving)
      sample.destroy()
    }
  }
  const total = performance.now() - begun
  const network = networks.milliseconds - before
  const note =
    `${settings.numInferenceSteps} steps, network on WebAssembly: ${Math.round(total)} ms, ` +
    `${Math.round(network)} ms of them within the networks`
  return { value: 1 - network / total, note }
}
