import { transformerWeights, vqvaeWeights } from '../../src/convert/checkpoint/architecture'
import type { Checkpoint, TransformerConfig, VqvaeConfig } from '../../src/convert/checkpoint/checkpoint'
import { randomWeights } from './random_weights'

const [width, codes, timesteps, classes, entries] = [32, 12, 5, 7, 20]

const transformer: TransformerConfig = {
  num_attention_heads: 2,
  attention_head_dim: width / 2,
  num_layers: 1,
  num_vector_embeds: codes + 1,
  num_embeds_ada_norm: timesteps,
  attention_bias: true,
  latent_height: 4,
  latent_width: 3,
  ff_mult: 4,
  feed_forward: 'convolution',
  activation: 'quick_gelu',
  sequence: 'by rows',
  condition: 'class',
  num_classes: classes,
  unconditional_class: classes,
}
// Wider than the grid, as those of the authors' ImageNet.
const positions = 5

const vqvae: VqvaeConfig = {
  in_channels: 3,
  out_channels: 3,
  block_out_channels: [8, 16],
  down_attention: [false, false],
  up_attention: [false, false],
  layers_per_block: 1,
  latent_channels: 10,
  vq_embed_dim: 6,
  num_vq_embeddings: entries,
  norm_num_groups: 4,
  quantizer: 'projection',
}

/**
 * A small model of what no golden pipeline has: conditioned by a class, with a convolutional MLP, positions wider than the grid, a
 * grid that is not square, and codes that are some entries of a codebook, found by a projection.
 */
export function classConditionalCheckpoint(): Checkpoint {
  const used = Int32Array.from({ length: codes }, (_, code) => (code * 7 + 3) % entries)
  return {
    description: 'random weights',
    transformer: { config: transformer, weights: randomWeights(transformerWeights(transformer), positions) },
    vqvae: {
      config: vqvae,
      weights: randomWeights(vqvaeWeights(vqvae, vqvae.block_out_channels[0]!)),
      codes: used,
      codesOfEntries: Int32Array.from({ length: entries }, (_, entry) => Math.max(0, used.indexOf(entry))),
    },
    scheduler: { _class_name: 'VQDiffusionScheduler', num_vec_classes: codes + 1, num_train_timesteps: timesteps },
    close: async () => {},
  }
}
