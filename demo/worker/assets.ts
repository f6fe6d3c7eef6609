import manifest from 'virtual:model-manifest'
import webgpuRuntime from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import wasmRuntime from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type { StorableFile } from 'vq-diffusion-webgpu/onnx'
import type { NetworkProvider } from './protocol'

/** The binary of onnxruntime-web, in one piece for the service worker. The one with WebGPU kernels is twice as large. */
export function runtimeFile(provider: NetworkProvider, modelRoot: string): StorableFile {
  return provider === 'webgpu'
    ? {
        name: 'onnxruntime (WebGPU)',
        url: webgpuRuntime,
        key: `${modelRoot}runtime/webgpu`,
        type: 'application/wasm',
        ...manifest['ort-wasm-simd-threaded.asyncify.wasm'],
      }
    : {
        name: 'onnxruntime (WebAssembly)',
        url: wasmRuntime,
        key: `${modelRoot}runtime/wasm`,
        type: 'application/wasm',
        ...manifest['ort-wasm-simd-threaded.wasm'],
      }
}

/**
 * The networks that every drawing needs. The denoiser's graph is that of what runs the networks; its weights are the same
 * file for both.
 */
export function modelFiles(
  provider: NetworkProvider,
  modelRoot: string,
): [denoiser: StorableFile, denoiserWeights: StorableFile, decoder: StorableFile] {
  return [
    modelFile(modelRoot, provider === 'webgpu' ? 'denoiser/model.onnx' : 'denoiser/model_int8.onnx'),
    modelFile(modelRoot, 'denoiser/weights.bin'),
    decoderFile(modelRoot),
  ]
}

/** SHA-256 of the denoiser's weights, which are the same whatever runs the network. */
export function modelHash(modelRoot: string): string {
  return modelFiles('wasm', modelRoot)[1].sha256
}

/** The network from tokens to pictures, all that a shared picture needs. */
export function decoderFile(modelRoot: string): StorableFile {
  return modelFile(modelRoot, 'vqvae/decoder.onnx')
}

/** The network from pictures to tokens. Only image-to-image needs it, so it is loaded at its first use. */
export function encoderFile(modelRoot: string): StorableFile {
  return modelFile(modelRoot, 'vqvae/encoder.onnx')
}

function modelFile(modelRoot: string, name: keyof typeof manifest): StorableFile {
  const url = `${modelRoot}${name}`
  return { name, url, key: url, ...manifest[name] }
}
