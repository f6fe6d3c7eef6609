import type { Network } from '../picture/settings'

/** onnxruntime-web with the one provider that is needed, on a binary that is already here. */
export async function loadRuntime(network: Network, binary: Uint8Array<ArrayBuffer>) {
  const ort = network === 'webgpu' ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm')
  ort.env.wasm.wasmBinary = binary.buffer
  ort.env.logLevel = 'error'
  return ort
}
