import webgpuRuntime from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import wasmRuntime from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type { RemoteFile } from '../download'
import type { Network } from '../settings'

/** onnxruntime's binary: the one with the WebGPU kernels is twice as large. */
export function runtimeFile(network: Network): RemoteFile {
  return network === 'webgpu'
    ? { name: 'onnxruntime (WebGPU)', url: webgpuRuntime, bytes: 26_781_914 }
    : { name: 'onnxruntime (WebAssembly)', url: wasmRuntime, bytes: 14_239_897 }
}

/** The two networks that drawing needs. */
export function modelFiles(modelRoot: string): [denoiser: RemoteFile, decoder: RemoteFile] {
  return [
    { name: 'denoiser/model.onnx', url: `${modelRoot}denoiser/model.onnx`, bytes: 20_284_974 },
    { name: 'vqvae/decoder.onnx', url: `${modelRoot}vqvae/decoder.onnx`, bytes: 10_867_213 },
  ]
}
