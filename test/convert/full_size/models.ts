import type { TextEncoderConfig, TransformerConfig, VqvaeConfig } from '../../../src/convert/checkpoint/checkpoint'

/** The networks of a model for texts. */
export interface ModelShape {
  readonly transformer: TransformerConfig
  readonly vqvae: VqvaeConfig
  readonly textEncoder: TextEncoderConfig
}

const clip: TextEncoderConfig = {
  vocab_size: 49408,
  hidden_size: 512,
  intermediate_size: 2048,
  num_hidden_layers: 12,
  num_attention_heads: 8,
  max_position_embeddings: 77,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
}

const textTransformer = {
  num_attention_heads: 16,
  num_embeds_ada_norm: 100,
  attention_bias: true,
  latent_height: 32,
  latent_width: 32,
  ff_mult: 4,
  feed_forward: 'linear',
  activation: 'quick_gelu',
  sequence: 'by rows',
  condition: 'text',
  cross_attention_dim: clip.hidden_size,
} as const

const f8 = {
  in_channels: 3,
  out_channels: 3,
  // Attention where the grid is 32 by 32.
  down_attention: [false, false, false, true],
  up_attention: [true, false, false, false],
  layers_per_block: 2,
  latent_channels: 256,
  norm_num_groups: 32,
} as const

/** microsoft/vq-diffusion-ithq. */
export const ithq: ModelShape = {
  transformer: { ...textTransformer, attention_head_dim: 88, num_layers: 36, num_vector_embeds: 4097 },
  vqvae: {
    ...f8,
    block_out_channels: [64, 128, 256, 512],
    vq_embed_dim: 128,
    num_vq_embeddings: 4096,
    quantizer: 'nearest',
  },
  textEncoder: clip,
}

/** coco_pretrained.pth with taming_f8_8192_openimages_last.pth; those of CC, CUB and LAION-human have the same shapes. */
export const coco: ModelShape = {
  transformer: { ...textTransformer, attention_head_dim: 64, num_layers: 19, num_vector_embeds: 2888 },
  vqvae: {
    ...f8,
    block_out_channels: [128, 128, 256, 512],
    vq_embed_dim: 256,
    num_vq_embeddings: 8192,
    quantizer: 'projection',
  },
  textEncoder: clip,
}
