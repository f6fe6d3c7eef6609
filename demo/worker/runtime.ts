import type { Bytes } from 'vq-diffusion-webgpu/onnx'
import type { NetworkProvider } from './protocol'

/** Loads onnxruntime-web with one execution provider and its downloaded binary. */
export async function loadRuntime(provider: NetworkProvider, binary: Bytes) {
  const ort = provider === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm')
  ort.env.wasm.wasmBinary = binary.buffer
  ort.env.logLevel = 'error'
  return ort
}
