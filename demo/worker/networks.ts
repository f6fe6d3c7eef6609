import { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import {
  type Bytes,
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxSession,
  type OnnxProvider,
  type OnnxRuntime,
  type OnnxSession,
} from 'vq-diffusion-webgpu/onnx'
import { NUM_LATENT_PIXELS, type Tokens } from './protocol'

/** The contents of the networks' files. */
export interface Models {
  /** The graph, whose weights are in a file of their own. */
  denoiser: Bytes
  denoiserWeights: Bytes
  decoder: Bytes
}

export type Networks = Awaited<ReturnType<typeof createNetworks>>

/** Creates denoiser and decoder on WebAssembly or on a GPU device. */
export async function createNetworks(ort: OnnxRuntime, models: Models, provider: OnnxProvider) {
  const externalData = { 'weights.bin': models.denoiserWeights }
  const denoiserSession = await createOnnxSession(ort, models.denoiser, { ...provider, externalData })
  const decoderSession = await createOnnxSession(ort, models.decoder, provider).catch(async (error) => {
    await denoiserSession.destroy()
    throw error
  })
  const denoiser = createOnnxDenoiser({ session: denoiserSession })
  const decoder = createOnnxDecoder({ session: decoderSession })
  return {
    denoiser,
    decoder,
    device: denoiserSession.device,
    startTime: () => startTime(denoiserSession),
    async destroy() {
      denoiser.destroy()
      decoder.destroy()
      await Promise.all([denoiserSession.destroy(), decoderSession.destroy()])
    },
  }
}

/**
 * The time, of `performance.now()`, at which the next network run starts. Runs are queued because onnxruntime-web is not
 * reentrant, so a run may start later than it is requested.
 */
function startTime(session: OnnxSession): Promise<number> {
  return session.whenFree(async () => performance.now()).catch(() => performance.now())
}

/** Joins the tokens of several pictures to one batch, u32 [B, 256]. */
export function toBatch(pictures: readonly (Tokens | Uint8Array)[]): CpuTensor<Uint32Array> {
  const joined = new Uint32Array(pictures.length * NUM_LATENT_PIXELS)
  for (const [item, picture] of pictures.entries()) joined.set(picture, item * NUM_LATENT_PIXELS)
  return new CpuTensor(joined, [pictures.length, NUM_LATENT_PIXELS])
}
