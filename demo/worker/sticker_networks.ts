import {
  type Bytes,
  createOnnxDecoder,
  createOnnxDenoiser,
  createOnnxSession,
  type OnnxConditioning,
  type OnnxProvider,
  type OnnxRuntime,
  type OnnxSession,
} from 'vq-diffusion-webgpu/onnx'
import { sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import type { Networks } from './networks'
import type { DrawingCondition } from './protocol'

/** The contents of the networks' files. */
export interface StickerFiles {
  /** The graph, whose weights are in a file of their own. */
  denoiser: Bytes
  denoiserWeights: Bytes
  decoder: Bytes
}

/** The colours of the sticker model's decoder and encoder. */
export const stickerFormat = { range: [0, 1], alpha: 'premultiplied' } as const

/** Networks with the sessions that they run in. */
export interface OwnedNetworks extends Networks {
  destroy(): Promise<void>
}

/** Creates denoiser and decoder of the sticker model on WebAssembly or on a GPU device. */
export async function createStickerNetworks(
  ort: OnnxRuntime,
  files: StickerFiles,
  provider: OnnxProvider,
): Promise<OwnedNetworks> {
  const externalData = { 'weights.bin': files.denoiserWeights }
  const denoiserSession = await createOnnxSession(ort, files.denoiser, { ...provider, externalData })
  const decoderSession = await createOnnxSession(ort, files.decoder, provider).catch(async (error) => {
    await denoiserSession.destroy()
    throw error
  })
  const denoiser = createOnnxDenoiser({ session: denoiserSession })
  const decoder = createOnnxDecoder({ session: decoderSession })
  return {
    denoiser,
    decoder,
    device: denoiserSession.device,
    numLatentPixels: sizeOf(STICKERS.grid),
    layout: 'pixel-major',
    imageFormat: stickerFormat,
    conditioning: stickerConditioning,
    startTime: () => startTime(denoiserSession),
    async destroy() {
      denoiser.destroy()
      decoder.destroy()
      await Promise.all([denoiserSession.destroy(), decoderSession.destroy()])
    },
  }
}

/** The tokens of style and words; without any, those of no words. */
export async function stickerConditioning({ text, negativeText }: DrawingCondition): Promise<OnnxConditioning> {
  if (text === undefined) throw new Error('A sticker needs the tokens of its style and its words.')
  return { conditional: { text }, unconditional: { text: negativeText ?? new Int32Array(text.length) } }
}

function startTime(session: OnnxSession): Promise<number> {
  return session.whenFree(async () => performance.now()).catch(() => performance.now())
}
