import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { textEncoderWeights, transformerWeights, vqvaeWeights } from './architecture'

/** Of the published ITHQ model: keys, weights, and the digest of the list of keys and shapes of the real classes. */
const ithq = {
  transformer: transformerWeights({
    num_attention_heads: 16,
    attention_head_dim: 88,
    num_layers: 36,
    num_vector_embeds: 4097,
    num_embeds_ada_norm: 100,
    attention_bias: true,
    latent_height: 32,
    latent_width: 32,
    ff_mult: 4,
    feed_forward: 'linear',
    activation: 'quick_gelu',
    sequence: 'by rows',
    condition: 'text',
    cross_attention_dim: 512,
  }),
  vqvae: vqvaeWeights(
    {
      in_channels: 3,
      out_channels: 3,
      block_out_channels: [64, 128, 256, 512],
      down_attention: [false, false, false, true],
      up_attention: [true, false, false, false],
      layers_per_block: 2,
      latent_channels: 256,
      vq_embed_dim: 128,
      num_vq_embeddings: 4096,
      norm_num_groups: 32,
      quantizer: 'nearest',
    },
    64,
  ),
  text_encoder: textEncoderWeights({
    vocab_size: 49408,
    hidden_size: 512,
    intermediate_size: 2048,
    num_hidden_layers: 12,
    num_attention_heads: 8,
    max_position_embeddings: 77,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
  }),
}

// The position tables' rows are those of the file: 32.
const line = ([name, shape]: readonly [string, readonly (number | undefined)[]]) =>
  `${name}\t[${shape.map((size) => size ?? 32).join(', ')}]`

it.each([
  ['transformer', 1015, 1_359_274_624, '4ea96739b7cc5656'],
  ['vqvae', 303, 64_009_667, '7e7cf1e3c6dc4f31'],
  ['text_encoder', 196, 63_165_952, 'ca303e9d80ba7de5'],
] as const)("knows ITHQ's %s", (network, keys, weights, digest) => {
  const list = [...ithq[network]]
  expect(list.length).toBe(keys)
  const sizes = list.map(([, shape]) => shape.reduce<number>((product, size) => product * (size ?? 32), 1))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(weights)
  const text = list.map(line).toSorted().join('\n')
  expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe(digest)
})
