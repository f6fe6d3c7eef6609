import { VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler } from 'vq-diffusion-webgpu/cpu'
import { createOnnxDecoder, createOnnxDenoiser, createOnnxSession, type OnnxRuntime } from 'vq-diffusion-webgpu/onnx'
import type { Backend } from './backend'

export interface Parts extends Pick<Backend, 'engine' | 'network'> {
  device: GPUDevice | undefined
  ort: OnnxRuntime
  modelRoot: string
  denoiser: Uint8Array
  decoder: Uint8Array
}

/** The pipeline of the model's networks and its scheduler, on the chosen engine; and the decoder for the last sample. */
export async function createSampler({ engine, network, device, ort, modelRoot, ...models }: Parts) {
  const provider = network === 'webgpu' ? { provider: network, device: device! } : { provider: network }
  const denoiser = createOnnxDenoiser({ session: await createOnnxSession(ort, models.denoiser, provider) })
  const decoder = createOnnxDecoder({ session: await createOnnxSession(ort, models.decoder, provider) })
  const networks = { denoiser, decoder, layout: 'pixel-major' } as const
  const pipeline =
    engine === 'webgpu'
      ? new VQDiffusionPipeline({
          scheduler: await VQDiffusionScheduler.fromPretrained(device!, modelRoot),
          ...networks,
        })
      : new VQDiffusionPipeline({ scheduler: await CpuScheduler.fromPretrained(modelRoot), ...networks })
  return { pipeline, decoder }
}

export type Sampler = Awaited<ReturnType<typeof createSampler>>
