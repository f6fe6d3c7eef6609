import { capabilities, requestDevice } from 'vq-diffusion-webgpu'
import type { BackendChoice, Engine, Network } from '../picture/settings'

/** What runs the scheduler, what runs the network, and why not something better. */
export interface Backend {
  engine: Engine
  network: Network
  explanation: string
}

/** A backend, and what the browser tells of the adapter beneath it. */
export interface Hardware {
  backend: Backend
  adapter: string
  features: string[]
}

/**
 * WebGPU where there is an adapter. The network only follows it to a real GPU: on a software adapter the same step takes
 * 55 s with WebGPU and 0.8 s with WebAssembly.
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

/** The device that the backend computes on, if it needs one. Rejects as `requestDevice` does. */
export async function deviceFor({ engine, network }: Backend): Promise<GPUDevice | undefined> {
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
