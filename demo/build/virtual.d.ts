/** Size and SHA-256 of every large file; see model_manifest.ts. */
declare module 'virtual:model-manifest' {
  const manifest: Record<
    | 'ort-wasm-simd-threaded.asyncify.wasm'
    | 'ort-wasm-simd-threaded.wasm'
    | 'denoiser/model.onnx'
    | 'vqvae/decoder.onnx'
    | 'vqvae/encoder.onnx',
    import('vq-diffusion-webgpu/onnx').FileFacts
  >
  export default manifest
}
