import { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import {
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxSession,
  type OnnxProvider,
  type OnnxRuntime,
  type OnnxSession,
} from 'vq-diffusion-webgpu/onnx'
import { NUM_LATENT_PIXELS, type Tokens } from './protocol'

/** The content of the two .onnx files. */
export interface Models {
  denoiser: Uint8Array<ArrayBuffer>
  decoder: Uint8Array<ArrayBuffer>
}

/** The networks that drawing needs, on WebAssembly or on one device. */
export async function createNetworks(ort: OnnxRuntime, models: Models, provider: OnnxProvider) {
  const denoiserSession = await createOnnxSession(ort, models.denoiser, provider)
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
    /** Resolves with the time of day when the networks begin with what is asked of them next, in ms. */
    nextTurn: () => nextTurn(denoiserSession),
    async destroy() {
      denoiser.destroy()
      decoder.destroy()
      await Promise.all([denoiserSession.destroy(), decoderSession.destroy()])
    },
  }
}

export type Networks = Awaited<ReturnType<typeof createNetworks>>

/**
 * Networks take turns, since onnxruntime-web cannot be entered twice. Who measures one wants to know when its turn came,
 * and not when it was asked for.
 */
function nextTurn(session: OnnxSession): Promise<number> {
  return session.whenFree(async () => performance.now()).catch(() => performance.now())
}

/** Pictures' tokens as one batch, u32 [B, 256]. */
export function batch(tokens: readonly (Tokens | Uint8Array)[]): CpuTensor<Uint32Array> {
  const joined = new Uint32Array(tokens.length * NUM_LATENT_PIXELS)
  for (const [item, picture] of tokens.entries()) joined.set(picture, item * NUM_LATENT_PIXELS)
  return new CpuTensor(joined, [tokens.length, NUM_LATENT_PIXELS])
}
