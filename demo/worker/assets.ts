import manifest from 'virtual:model-manifest'
import webgpuRuntime from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import wasmRuntime from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type { Network } from '../picture/settings'
import type { LargeFile } from '../store/large_file'

/** onnxruntime's binary: the one with the WebGPU kernels is twice as large. */
export function runtimeFile(network: Network, modelRoot: string): LargeFile {
  return network === 'webgpu'
    ? {
        name: 'onnxruntime (WebGPU)',
        url: webgpuRuntime,
        place: `${modelRoot}runtime/webgpu`,
        ...manifest['ort-wasm-simd-threaded.asyncify.wasm'],
      }
    : {
        name: 'onnxruntime (WebAssembly)',
        url: wasmRuntime,
        place: `${modelRoot}runtime/wasm`,
        ...manifest['ort-wasm-simd-threaded.wasm'],
      }
}

/** The two networks that drawing needs. */
export function modelFiles(modelRoot: string): [denoiser: LargeFile, decoder: LargeFile] {
  return [modelFile(modelRoot, 'denoiser/model.onnx'), modelFile(modelRoot, 'vqvae/decoder.onnx')]
}

/** The network that turns a picture into tokens: only image-to-image needs it, so it is loaded when first used. */
export function encoderFile(modelRoot: string): LargeFile {
  return modelFile(modelRoot, 'vqvae/encoder.onnx')
}

function modelFile(modelRoot: string, name: keyof typeof manifest): LargeFile {
  const url = `${modelRoot}${name}`
  return { name, url, place: url, ...manifest[name] }
}
