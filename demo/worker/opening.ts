import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  type Backend,
  type Bytes,
  type DownloadProgress,
  loadFiles,
  type OnnxRuntime,
  type PartStore,
  type StorableFile,
} from 'vq-diffusion-webgpu/onnx'
import { STICKERS } from '../model/stickers'
import { encoderFile, modelFiles, modelHash } from './assets'
import { loadTogether } from './downloads'
import { compileShaders } from './likely_drawing'
import type { OpenModel } from './open_model'
import type { PartsProgress } from './protocol'
import { StickerModel } from './sticker_model'

/** Where and with what a model is opened. */
export interface OpeningContext {
  backend: Backend
  device: GPUDevice | undefined
  /** URL of the sticker model's folder, with a trailing slash. */
  modelRoot: string
  store: PartStore
  onProgress(progress: PartsProgress): void
  /** What is downloaded of the runtime; empty if it is stored. */
  runtimeFiles: StorableFile[]
  /** Starts onnxruntime-web with the content of those files. */
  startRuntime(loading: Promise<Bytes[]>): Promise<OnnxRuntime>
}

/** A model with the runtime of its networks. */
export interface OpenedFiles {
  opened: OpenModel
  ort: OnnxRuntime
}

/** Downloads the sticker model and the runtime at the same time. */
export async function openStickers(context: OpeningContext): Promise<OpenedFiles> {
  const { backend, device, modelRoot, store, onProgress } = context
  const { config } = await VQDiffusionScheduler.fromConfig(STICKERS.scheduler)
  // Goes on while the model is loaded, and after that. A drawing waits for the shaders that it needs.
  if (device && backend.engine === 'webgpu') compileShaders(device, config)
  const [graph, weights, decoderNetwork] = modelFiles(backend.network, modelRoot)
  const parts = { runtime: context.runtimeFiles, network: [graph, weights], decoder: [decoderNetwork] }
  const loading = loadTogether(parts, { store, onProgress })
  const [ort, network, [decoder]] = await Promise.all([
    context.startRuntime(loading.runtime),
    loading.network,
    loading.decoder,
  ])
  const [denoiser, denoiserWeights] = network as [Bytes, Bytes]
  const loadEncoder = async (onProgress: (progress: DownloadProgress) => void) =>
    (await loadFiles([encoderFile(modelRoot)], { store, onProgress }))[0]!
  const dependencies = { backend, ort, config, hash: modelHash(modelRoot), loadEncoder }
  return { opened: new StickerModel(dependencies, { denoiser, denoiserWeights, decoder: decoder! }), ort }
}
