import type { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { createOnnxEncoder, createOnnxSession, type OnnxEncoder, type OnnxRuntime } from 'vq-diffusion-webgpu/onnx'
import { deviceFor, type Hardware } from './backend'
import { createEngine, type Engine } from './engine'
import { isLost } from './engine_provider'
import { outOfMemory } from './error_messages'
import { countBytes } from './gpu_bytes'
import { createNetworks, type Models, type Networks } from './networks'

/** All that an engine is made from, as often as it has to be. */
export interface Materials {
  hardware: Hardware
  ort: OnnxRuntime
  /** The schedule's own tables; and its configuration, for the engine's. */
  schedule: VQDiffusionScheduler
  /** Called with a sentence when the GPU refuses something. */
  onFailure: (sentence: string) => void
}

/** Makes engines, and knows what they take. */
export class Workshop {
  #networks: Networks | undefined
  /** Kept as long as another device may need them. */
  #models: Models | undefined
  #gpuBytes: (() => number) | undefined

  constructor(
    private readonly materials: Materials,
    models: Models,
  ) {
    this.#models = models
  }

  /** What the engine's device holds, in bytes; undefined without a device. */
  get gpuBytes(): number | undefined {
    return this.#gpuBytes?.()
  }

  /** An engine on a new device, if it computes on one. Networks on WebAssembly outlive the devices. */
  async createEngine(): Promise<Engine> {
    const { hardware, schedule } = this.materials
    const device = await deviceFor(hardware.backend)
    if (device) this.#attend(device)
    try {
      const networks = await this.#networksOn(device)
      return await createEngine(schedule.config, hardware.backend.engine === 'webgpu' ? device : undefined, networks)
    } catch (error) {
      // The next attempt has a device of its own.
      device?.destroy()
      throw error
    }
  }

  async #networksOn(device: GPUDevice | undefined): Promise<Networks> {
    const { hardware, ort } = this.materials
    const provider = hardware.backend.network
    if (provider === 'wasm') {
      this.#networks ??= await createNetworks(ort, this.#models!, { provider })
      this.#models = undefined
    } else {
      await this.#networks?.destroy()
      this.#networks = await createNetworks(ort, this.#models!, { provider, device: device! })
    }
    return this.#networks
  }

  #attend(device: GPUDevice): void {
    this.#gpuBytes = countBytes(device)
    device.addEventListener('uncapturederror', async ({ error }) => {
      if (await isLost(device)) return
      this.materials.onFailure(error instanceof GPUOutOfMemoryError ? outOfMemory : error.message)
    })
  }
}

/** The encoder, always on WebAssembly: it is used once in a while, and no device has to be there for it. */
export async function createEncoder(ort: OnnxRuntime, model: Uint8Array<ArrayBuffer>): Promise<OnnxEncoder> {
  return createOnnxEncoder({ session: await createOnnxSession(ort, model, { provider: 'wasm' }) })
}
