import { DeviceLostError, requestDevice, type VQDiffusionSchedulerConfig } from 'vq-diffusion-webgpu'
import {
  type Backend,
  type Bytes,
  createOnnxEncoder,
  createOnnxSession,
  type OnnxEncoder,
  type OnnxRuntime,
} from 'vq-diffusion-webgpu/onnx'
import { createEngine, type Engine } from './engine'
import { isLost } from './engine_provider'
import { outOfMemoryMessage } from './error_messages'
import { countGpuBytes } from './gpu_bytes'
import { createNetworks, type Models, type Networks } from './networks'

interface EngineDependencies {
  backend: Backend
  ort: OnnxRuntime
  config: VQDiffusionSchedulerConfig
  /** Of the first engine, if the backend needs one. */
  device: GPUDevice | undefined
  /** Called with a sentence when the GPU reports an error. */
  onGpuError: (sentence: string) => void
}

/** Creates engines, each on a new device. Networks on WebAssembly are shared by all of them. */
export class EngineFactory {
  #networks: Networks | undefined
  /** Kept while another device may need them. */
  #models: Models | undefined
  #gpuBytes: (() => number) | undefined
  /** The first device, until an engine has it or it is lost. */
  #firstDevice: GPUDevice | undefined

  constructor(
    private readonly dependencies: EngineDependencies,
    models: Models,
  ) {
    this.#models = models
    this.#firstDevice = dependencies.device
    this.#firstDevice?.lost.then(() => {
      this.#firstDevice = undefined
    })
  }

  /** Bytes of all buffers of the current device; undefined without a device. */
  get gpuBytes(): number | undefined {
    return this.#gpuBytes?.()
  }

  /** Rejects with DeviceLostError if the device is lost meanwhile. */
  async createEngine(): Promise<Engine> {
    const { backend, config } = this.dependencies
    const needsDevice = backend.engine === 'webgpu' || backend.network === 'webgpu'
    const device = needsDevice ? (this.#firstDevice ?? (await requestDevice())) : undefined
    this.#firstDevice = undefined
    if (device) this.#observe(device)
    try {
      const networks = await this.#createNetworks(device)
      return await createEngine(config, backend.engine === 'webgpu' ? device : undefined, networks)
    } catch (error) {
      const lost = await isLost(device)
      // The next attempt requests another device.
      device?.destroy()
      throw lost ? new DeviceLostError('The GPU was lost as it was prepared.', { cause: error }) : error
    }
  }

  async #createNetworks(device: GPUDevice | undefined): Promise<Networks> {
    const { backend, ort } = this.dependencies
    const provider = backend.network
    if (provider === 'wasm') {
      this.#networks ??= await createNetworks(ort, this.#models!, { provider })
      this.#models = undefined
    } else {
      await this.#networks?.destroy()
      this.#networks = await createNetworks(ort, this.#models!, { provider, device: device! })
    }
    return this.#networks
  }

  #observe(device: GPUDevice): void {
    this.#gpuBytes = countGpuBytes(device)
    device.addEventListener('uncapturederror', async ({ error }) => {
      if (await isLost(device)) return
      this.dependencies.onGpuError(error instanceof GPUOutOfMemoryError ? outOfMemoryMessage : error.message)
    })
  }
}

/** The encoder, always on WebAssembly: it runs rarely and so depends on no device. */
export async function createEncoder(ort: OnnxRuntime, model: Bytes): Promise<OnnxEncoder> {
  return createOnnxEncoder({ session: await createOnnxSession(ort, model, { provider: 'wasm' }) })
}
