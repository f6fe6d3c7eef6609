import {
  denoiserGraph,
  encodeModel,
  type Graph,
  INT32,
  integers,
  node,
  patchDecoderGraph,
  value,
  weights,
} from '../models/onnx_graph.mjs'

const [rows, columns, numCodes] = [3, 5, 24]

/** The denoiser of the tiny model with classes in place of words: class int32 [B]. */
function classDenoiser(numClasses: number): Graph {
  const graph = denoiserGraph({
    numLatentPixels: rows * columns,
    numCodes,
    textLength: 1,
    textVocabulary: numClasses,
    width: 8,
    mixing: 0.7,
    head: 2.5,
  })
  const nodes = graph.node!.filter(({ output }) => !/^(words|sentence)$/.test(output![0]!))
  const condition = [
    node('Gather', ['text_table', 'class'], 'label'),
    node('Unsqueeze', ['label', 'middle'], 'sentence'),
  ]
  return {
    ...graph,
    input: [...graph.input!.slice(0, 2), value('class', INT32, [])],
    initializer: [...graph.initializer!, integers('middle', [1])],
    node: [...condition, ...nodes],
  }
}

/** Red, green and blue of 6 × 10 pixels. */
const decoder = patchDecoderGraph({ rows, columns, channels: 3, codebook: weights('codebook', [numCodes, 12], 3) })

// Made once: every call of `weights` gives others.
const networks = [classDenoiser(11), decoder].map((graph) => new Blob([new Uint8Array(encodeModel(graph))]))

/** A model folder of ten classes, with an eleventh for none, on a grid of 3 × 5 tokens, without alpha. */
export function classModelFolder(changes: object = {}): Map<string, Blob> {
  const json = (content: object) => new Blob([JSON.stringify(content)])
  return new Map([
    [
      'model_index.json',
      json({
        _class_name: 'VQDiffusionPipeline',
        scheduler: ['diffusers', 'VQDiffusionScheduler'],
        denoiser: ['onnx', 'denoiser/model.onnx'],
        vqvae: ['onnx', 'vqvae/decoder.onnx'],
        num_classes: 10,
        unconditional_class: 10,
        latent_height: rows,
        latent_width: columns,
        image_height: 2 * rows,
        image_width: 2 * columns,
        image_range: [0, 1],
        defaults: { num_inference_steps: 6, guidance_scale: 3 },
        ...changes,
      }),
    ],
    ['scheduler/scheduler_config.json', json({ num_vec_classes: numCodes + 1, gamma_cum_end: 0.9 })],
    ['denoiser/model.onnx', networks[0]!],
    ['vqvae/decoder.onnx', networks[1]!],
  ])
}
