import { capabilities, requestDevice } from 'vq-diffusion-webgpu'
import type { Backend, BackendChoice } from './protocol'

/** A backend and its GPU adapter. */
export interface Hardware {
  backend: Backend
  adapter: string
  features: string[]
}

/**
 * Chooses WebGPU if there is an adapter. The network runs on WebGPU only on a real GPU: on a software adapter one of its
 * steps takes 55 s, with WebAssembly 0.8 s.
 */
export async function chooseBackend(choice: BackendChoice): Promise<Hardware> {
  const { webgpu, adapter, isFallbackAdapter, description, features } = await capabilities()
  const engine = adapter ? (choice.engine ?? 'webgpu') : 'cpu'
  const realGpu = engine === 'webgpu' && !isFallbackAdapter
  const network = adapter ? (choice.network ?? (realGpu ? 'webgpu' : 'wasm')) : 'wasm'
  return {
    backend: { engine, network, explanation: explain(webgpu, adapter, isFallbackAdapter) },
    adapter: adapter ? description : '',
    features: [...features],
  }
}

/** A new device if the backend needs one. Rejects as `requestDevice` does. */
export async function requestDeviceFor({ engine, network }: Backend): Promise<GPUDevice | undefined> {
  return engine === 'webgpu' || network === 'webgpu' ? requestDevice() : undefined
}

function explain(webgpu: boolean, adapter: boolean, isFallbackAdapter: boolean): string {
  if (!webgpu) {
    return 'There is no WebGPU here: it needs a current browser and an https address. Everything runs on the CPU instead, only slower.'
  }
  if (!adapter) return 'WebGPU found no graphics adapter. Everything runs on the CPU instead, only slower.'
  if (isFallbackAdapter) return 'WebGPU runs in software here, so the network is left to WebAssembly, which is faster.'
  return ''
}
