import { DeviceLostError, requestDevice } from 'vq-diffusion-webgpu'
import type { Backend } from 'vq-diffusion-webgpu/onnx'
import type { Engine } from './engine'
import { isLost } from './engine_provider'
import { outOfMemoryMessage } from './error_messages'
import { countGpuBytes } from './gpu_bytes'

interface EngineDependencies {
  backend: Backend
  /** Of the first engine, if the backend needs one. */
  device: GPUDevice | undefined
  /** Called with a sentence when the GPU reports an error. */
  onGpuError: (sentence: string) => void
}

/** Creates engines, each on a new device. */
export class EngineFactory {
  #gpuBytes: (() => number) | undefined
  /** The first device, until an engine has it or it is lost. */
  #firstDevice: GPUDevice | undefined

  /** @param openEngine of the model, on a device if the backend needs one */
  constructor(
    private readonly dependencies: EngineDependencies,
    private readonly openEngine: (device: GPUDevice | undefined) => Promise<Engine>,
  ) {
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
    const { backend } = this.dependencies
    const needsDevice = backend.engine === 'webgpu' || backend.network === 'webgpu'
    const device = needsDevice ? (this.#firstDevice ?? (await requestDevice())) : undefined
    this.#firstDevice = undefined
    if (device) this.#observe(device)
    try {
      return await this.openEngine(device)
    } catch (error) {
      const lost = await isLost(device)
      // The next attempt requests another device.
      device?.destroy()
      throw lost ? new DeviceLostError('The GPU was lost as it was prepared.', { cause: error }) : error
    }
  }

  #observe(device: GPUDevice): void {
    this.#gpuBytes = countGpuBytes(device)
    device.addEventListener('uncapturederror', async ({ error }) => {
      if (await isLost(device)) return
      this.dependencies.onGpuError(error instanceof GPUOutOfMemoryError ? outOfMemoryMessage : error.message)
    })
  }
}
