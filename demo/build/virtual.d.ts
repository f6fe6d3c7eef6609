/** Size and SHA-256 of every large file; see model_manifest.ts. */
declare module 'virtual:model-manifest' {
  const manifest: Record<
    | 'ort-wasm-simd-threaded.asyncify.wasm'
    | 'ort-wasm-simd-threaded.wasm'
    | 'denoiser/model.onnx'
    | 'denoiser/model_int8.onnx'
    | 'denoiser/weights.bin'
    | 'vqvae/decoder.onnx'
    | 'vqvae/encoder.onnx',
    import('vq-diffusion-webgpu/onnx').FileFacts
  >
  export default manifest
}

/** Lines of emoji and their names, the surest first; see emoji_names.ts. */
declare module 'virtual:emoji-names' {
  const lines: string
  export default lines
}
