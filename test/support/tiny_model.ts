import decoderUrl from '../models/tiny/decoder.onnx?url'
import denoiserUrl from '../models/tiny/denoiser.onnx?url'
import encoderUrl from '../models/tiny/encoder.onnx?url'

/** Words and styles of the tiny model: 32 entries, as its denoiser has rows. */
export const vocabulary = [
  '<pad>',
  'style:flat',
  'style:round',
  'red',
  'green',
  'heart',
  'star',
  ...Array.from({ length: 25 }, (_, i) => `word${i}`),
]

/** The files of a model folder with the tiny networks. */
export async function tinyModelFolder(): Promise<Map<string, Blob>> {
  const json = (content: object) => new Blob([JSON.stringify(content)], { type: 'application/json' })
  const file = async (url: string) => (await fetch(url)).blob()
  return new Map([
    [
      'model_index.json',
      json({
        _class_name: 'VQDiffusionPipeline',
        scheduler: ['diffusers', 'VQDiffusionScheduler'],
        denoiser: ['onnx', 'denoiser/model.onnx'],
        vqvae: ['onnx', 'vqvae/decoder.onnx', 'vqvae/encoder.onnx'],
        tokenizer: ['json', 'tokenizer/tokenizer.json'],
        latent_height: 4,
        latent_width: 4,
        image_height: 8,
        image_width: 8,
        image_range: [0, 1],
        image_alpha: 'premultiplied',
        defaults: { num_inference_steps: 6, guidance_scale: 2, truncation_rate: 0.9 },
      }),
    ],
    ['scheduler/scheduler_config.json', json({ num_vec_classes: 25, gamma_cum_end: 0.9 })],
    [
      'tokenizer/tokenizer.json',
      json({ type: 'word', max_length: 16, pad_id: 0, styles: ['flat', 'round'], vocab: vocabulary }),
    ],
    ['denoiser/model.onnx', await file(denoiserUrl)],
    ['vqvae/decoder.onnx', await file(decoderUrl)],
    ['vqvae/encoder.onnx', await file(encoderUrl)],
  ])
}
