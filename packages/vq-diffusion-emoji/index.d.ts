/** The address of every file of the model, by its path in the model folder. */
export declare const files: Readonly<
  Record<
    | 'denoiser/model.onnx'
    | 'denoiser/model_int8.onnx'
    | 'denoiser/weights.bin'
    | 'manifest.json'
    | 'model_index.json'
    | 'scheduler/scheduler_config.json'
    | 'tokenizer/tokenizer.json'
    | 'vqvae/decoder.onnx'
    | 'vqvae/encoder.onnx',
    string
  >
>
