/** Each address is written out: bundlers emit the files that they find in such an expression. */
export const files = {
  'denoiser/model.onnx': new URL('./emoji-16x16/denoiser/model.onnx', import.meta.url).href,
  'denoiser/model_int8.onnx': new URL('./emoji-16x16/denoiser/model_int8.onnx', import.meta.url).href,
  'denoiser/weights.bin': new URL('./emoji-16x16/denoiser/weights.bin', import.meta.url).href,
  'manifest.json': new URL('./emoji-16x16/manifest.json', import.meta.url).href,
  'model_index.json': new URL('./emoji-16x16/model_index.json', import.meta.url).href,
  'scheduler/scheduler_config.json': new URL('./emoji-16x16/scheduler/scheduler_config.json', import.meta.url).href,
  'tokenizer/tokenizer.json': new URL('./emoji-16x16/tokenizer/tokenizer.json', import.meta.url).href,
  'vqvae/decoder.onnx': new URL('./emoji-16x16/vqvae/decoder.onnx', import.meta.url).href,
  'vqvae/encoder.onnx': new URL('./emoji-16x16/vqvae/encoder.onnx', import.meta.url).href,
}
