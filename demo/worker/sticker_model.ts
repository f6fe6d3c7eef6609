import type { VQDiffusionSchedulerConfig } from 'vq-diffusion-webgpu'
import {
  type Backend,
  type Bytes,
  createOnnxEncoder,
  createOnnxSession,
  type DownloadProgress,
  type OnnxEncoder,
  type OnnxRuntime,
} from 'vq-diffusion-webgpu/onnx'
import { STICKERS } from '../model/stickers'
import { createEngine, type Engine } from './engine'
import type { OpenModel } from './open_model'
import { createStickerNetworks, type OwnedNetworks, type StickerFiles, stickerFormat } from './sticker_networks'

interface StickerDependencies {
  backend: Backend
  ort: OnnxRuntime
  config: VQDiffusionSchedulerConfig
  /** SHA-256 of its denoiser. */
  hash: string
  loadEncoder(onProgress: (progress: DownloadProgress) => void): Promise<Bytes>
}

/** The page's own model. Networks on WebAssembly are shared by all engines. */
export class StickerModel implements OpenModel {
  readonly model = STICKERS
  readonly imageFormat = stickerFormat
  #networks: OwnedNetworks | undefined
  /** Kept while another device may need them. */
  #files: StickerFiles | undefined
  #encoder: Promise<OnnxEncoder> | undefined

  constructor(
    private readonly dependencies: StickerDependencies,
    files: StickerFiles,
  ) {
    this.#files = files
  }

  get hash(): string {
    return this.dependencies.hash
  }

  async openEngine(device: GPUDevice | undefined): Promise<Engine> {
    const { backend, config } = this.dependencies
    const networks = await this.#createNetworks(device)
    return createEngine(config, backend.engine === 'webgpu' ? device : undefined, networks)
  }

  async #createNetworks(device: GPUDevice | undefined): Promise<OwnedNetworks> {
    const { backend, ort } = this.dependencies
    const provider = backend.network
    if (provider === 'wasm') {
      this.#networks ??= await createStickerNetworks(ort, this.#files!, { provider })
      this.#files = undefined
    } else {
      await this.#networks?.destroy()
      this.#networks = await createStickerNetworks(ort, this.#files!, { provider, device: device! })
    }
    return this.#networks
  }

  /** The page reads the words of stickers. */
  remark(): string {
    return ''
  }

  /** Always on WebAssembly: it runs rarely and so depends on no device. */
  encoder(onProgress: (progress: DownloadProgress) => void): Promise<OnnxEncoder> {
    const { ort, loadEncoder } = this.dependencies
    const load = async () =>
      createOnnxEncoder({ session: await createOnnxSession(ort, await loadEncoder(onProgress), { provider: 'wasm' }) })
    this.#encoder ??= load()
    // After a failure the next call loads it again.
    this.#encoder.catch(() => {
      this.#encoder = undefined
    })
    return this.#encoder
  }
}
