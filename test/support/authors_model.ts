/**
 * Small checkpoints for classes, in the names of the authors' Condition2ImageTransformer and of taming's VQModel and GumbelVQ.
 */
import { Named, Saved, source, torchArchive } from './checkpoint_files'

/** Shapes of weights by their names. */
export type Shapes = Record<string, number[]>
const zeros = new Float32Array(2 ** 14)
/** Every weight is a view of the same zeros. */
export const saved = (shapes: Shapes, prefix = '') =>
  new Map(Object.entries(shapes).map(([name, shape]): [string, unknown] => [prefix + name, new Saved(zeros, shape)]))
export const layer = (name: string, ...shape: number[]): Shapes => ({
  [`${name}.weight`]: shape,
  [`${name}.bias`]: [shape[0]!],
})
/** Width, codes and timesteps. */
export const [D, K, T] = [16, 5, 3]

export const classTransformer = (classes: number): Shapes => ({
  'content_emb.emb.weight': [K + 1, D],
  'content_emb.height_emb.weight': [8, D],
  'content_emb.width_emb.weight': [8, D],
  'blocks.0.ln1.emb.weight': [T, D],
  ...layer('blocks.0.ln1.linear', 2 * D, D),
  'blocks.0.ln2.emb.weight': [classes, D],
  ...layer('blocks.0.ln2.linear', 2 * D, D),
  ...Object.assign({}, ...['key', 'query', 'value', 'proj'].map((part) => layer(`blocks.0.attn.${part}`, D, D))),
  ...layer('blocks.0.mlp.conv1', 4 * D, D, 3, 3),
  ...layer('blocks.0.mlp.conv2', D, 4 * D, 3, 3),
  ...layer('to_logits.0', D),
  ...layer('to_logits.1', K, D),
})

/** Channels of the autoencoder. */
export const C = 32
const resnet = (name: string): Shapes => ({
  ...layer(`${name}.norm1`, C),
  ...layer(`${name}.conv1`, C, C, 3, 3),
  ...layer(`${name}.norm2`, C),
  ...layer(`${name}.conv2`, C, C, 3, 3),
})
const middle = (side: string): Shapes => ({
  ...resnet(`${side}.mid.block_1`),
  ...layer(`${side}.mid.attn_1.norm`, C),
  ...Object.assign({}, ...['q', 'k', 'v', 'proj_out'].map((part) => layer(`${side}.mid.attn_1.${part}`, C, C, 1, 1))),
  ...resnet(`${side}.mid.block_2`),
  ...layer(`${side}.norm_out`, C),
})
/** One level, of two blocks in the decoder. */
export const codec = (quantize: Shapes, width = C): Shapes => ({
  ...layer('encoder.conv_in', C, 3, 3, 3),
  ...resnet('encoder.down.0.block.0'),
  ...middle('encoder'),
  ...layer('encoder.conv_out', 4, C, 3, 3),
  ...layer('quant_conv', 6, 4, 1, 1),
  ...quantize,
  ...layer('post_quant_conv', 4, 6, 1, 1),
  ...layer('decoder.conv_in', width, 4, 3, 3),
  ...middle('decoder'),
  ...resnet('decoder.up.0.block.0'),
  ...resnet('decoder.up.0.block.1'),
  ...layer('decoder.conv_out', 3, C, 3, 3),
})
export const embedding = (entries: number): Shapes => ({ 'quantize.embedding.weight': [entries, 6] })
export const gumbel = (entries: number): Shapes => ({
  'quantize.embed.weight': [entries, 6],
  ...layer('quantize.proj', entries, 6, 1, 1),
})

const optimizer = new Named('torch.optim.adamw', 'AdamW', [
  new Named('numpy.core.multiarray', 'scalar', [new Named('numpy', 'dtype', ['f8'])]),
])
export const checkpointOf = (model: Map<string, unknown>, more: Record<string, unknown> = {}) =>
  source(
    'model.pth',
    torchArchive(
      new Map<string, unknown>(Object.entries({ last_epoch: 9, model, ...more, optimizer_and_scheduler: optimizer })),
    ),
  )
export const classModel = (classes = 1001) => saved(classTransformer(classes), 'transformer.transformer.')
export const codecFile = (shapes: Shapes, prefix = '') =>
  source(
    'codec.pth',
    torchArchive(new Map([['state_dict', saved({ ...shapes, 'loss.discriminator.weight': [4] }, prefix)]])),
  )
export const mapping = (codes: number[]) =>
  source('mapping.pt', torchArchive(new Saved(BigInt64Array.from(codes, BigInt), [codes.length])))
