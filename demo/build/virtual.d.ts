/** Size and SHA-256 of every large file, made by build/model_manifest.ts. */
declare module 'virtual:model-manifest' {
  const manifest: Record<
    | 'ort-wasm-simd-threaded.asyncify.wasm'
    | 'ort-wasm-simd-threaded.wasm'
    | 'denoiser/model.onnx'
    | 'vqvae/decoder.onnx'
    | 'vqvae/encoder.onnx',
    import('./model_manifest').FileFacts
  >
  export default manifest
}
