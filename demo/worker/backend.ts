import { capabilities, requestDevice } from 'vq-diffusion-webgpu'
import type { BackendChoice, Engine, Network } from '../settings'

/** What runs the scheduler, what runs the network, and why not something better. */
export interface Backend {
  engine: Engine
  network: Network
  explanation: string
}

/**
 * WebGPU where there is an adapter. The network only follows it to a real GPU: on a software adapter the same step takes
 * 55 s with WebGPU and 0.8 s with WebAssembly.
 */
export async function chooseBackend(choice: BackendChoice): Promise<Backend & { device: GPUDevice | undefined }> {
  const { webgpu, adapter, isFallbackAdapter } = await capabilities()
  const engine = adapter ? (choice.engine ?? 'webgpu') : 'cpu'
  const realGpu = engine === 'webgpu' && !isFallbackAdapter
  const network = adapter ? (choice.network ?? (realGpu ? 'webgpu' : 'wasm')) : 'wasm'
  const device = engine === 'webgpu' || network === 'webgpu' ? await requestDevice() : undefined
  return { engine, network, device, explanation: explain(webgpu, adapter, isFallbackAdapter) }
}

function explain(webgpu: boolean, adapter: boolean, isFallbackAdapter: boolean): string {
  if (!webgpu) {
    return 'There is no WebGPU here: it needs a current browser and an https address. Everything runs on the CPU instead, only slower.'
  }
  if (!adapter) return 'WebGPU found no graphics adapter. Everything runs on the CPU instead, only slower.'
  if (isFallbackAdapter) return 'WebGPU runs in software here, so the network is left to WebAssembly, which is faster.'
  return ''
}
