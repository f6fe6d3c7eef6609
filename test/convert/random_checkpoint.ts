import type { Checkpoint, Weights } from '../../src/convert/checkpoint/checkpoint'

type Shapes = Readonly<Record<string, readonly number[]>>

/** Pseudo-random weights of these shapes, the same in every run. */
function randomWeights(shapes: Shapes): Weights {
  const read = async (name: string) => {
    const shape = shapes[name]
    if (!shape) throw new Error(`no weight ${name}`)
    const length = shape.reduce((a, b) => a * b)
    let state = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619), 2166136261)
    const around = /norm\w*\.weight$/.test(name) ? 1 : 0
    const scale = 1 / Math.sqrt(shape.length > 1 ? length / shape[0]! : 4)
    return Float32Array.from({ length }, () => {
      state = Math.imul(state, 1664525) + 1013904223
      return around + scale * ((state >>> 0) / 2 ** 31 - 1) * Math.sqrt(3)
    })
  }
  return { shapes: new Map(Object.entries(shapes)), read }
}

const linear = (name: string, outputs: number, inputs: number): Shapes => ({
  [`${name}.weight`]: [outputs, inputs],
  [`${name}.bias`]: [outputs],
})
const convolution = (name: string, outputs: number, inputs: number, size: number): Shapes => ({
  [`${name}.weight`]: [outputs, inputs, size, size],
  [`${name}.bias`]: [outputs],
})
const norm = (name: string, width: number): Shapes => ({ [`${name}.weight`]: [width], [`${name}.bias`]: [width] })
const adaptiveNorm = (name: string, count: number, width: number): Shapes => ({
  [`${name}.emb.weight`]: [count, width],
  ...linear(`${name}.linear`, 2 * width, width),
})

const [width, codes, timesteps, classes, entries, embedding, latents] = [32, 12, 5, 7, 20, 6, 10]

function transformerShapes(): Shapes {
  const block = 'transformer_blocks.0'
  return {
    'latent_image_embedding.emb.weight': [codes + 1, width],
    // Wider than the grid, as those of the authors' ImageNet.
    'latent_image_embedding.height_emb.weight': [5, width],
    'latent_image_embedding.width_emb.weight': [5, width],
    ...adaptiveNorm(`${block}.norm1`, timesteps, width),
    ...adaptiveNorm(`${block}.norm3`, classes + 1, width),
    ...['to_q', 'to_k', 'to_v', 'to_out.0'].map((part) => linear(`${block}.attn1.${part}`, width, width)).reduce(merge),
    ...convolution(`${block}.ff.conv1`, 4 * width, width, 3),
    ...convolution(`${block}.ff.conv2`, width, 4 * width, 3),
    ...norm('norm_out', width),
    ...linear('out', codes, width),
  }
}

function residual(name: string, outputs: number, inputs: number): Shapes {
  return {
    ...norm(`${name}.norm1`, inputs),
    ...convolution(`${name}.conv1`, outputs, inputs, 3),
    ...norm(`${name}.norm2`, outputs),
    ...convolution(`${name}.conv2`, outputs, outputs, 3),
    ...(inputs === outputs ? {} : convolution(`${name}.conv_shortcut`, outputs, inputs, 1)),
  }
}

function middle(name: string, width: number): Shapes {
  const attention = `${name}.attentions.0`
  return {
    ...residual(`${name}.resnets.0`, width, width),
    ...norm(`${attention}.group_norm`, width),
    ...['to_q', 'to_k', 'to_v', 'to_out.0'].map((part) => linear(`${attention}.${part}`, width, width)).reduce(merge),
    ...residual(`${name}.resnets.1`, width, width),
  }
}

const merge = (a: Shapes, b: Shapes) => ({ ...a, ...b })

function vqvaeShapes(): Shapes {
  return {
    ...convolution('encoder.conv_in', 8, 3, 3),
    ...residual('encoder.down_blocks.0.resnets.0', 8, 8),
    ...convolution('encoder.down_blocks.0.downsamplers.0.conv', 8, 8, 3),
    ...residual('encoder.down_blocks.1.resnets.0', 16, 8),
    ...middle('encoder.mid_block', 16),
    ...norm('encoder.conv_norm_out', 16),
    ...convolution('encoder.conv_out', latents, 16, 3),
    ...convolution('quant_conv', embedding, latents, 1),
    'quantize.embedding.weight': [entries, embedding],
    ...linear('quantize.proj', entries, embedding),
    ...convolution('post_quant_conv', latents, embedding, 1),
    ...convolution('decoder.conv_in', 16, latents, 3),
    ...middle('decoder.mid_block', 16),
    ...residual('decoder.up_blocks.0.resnets.0', 16, 16),
    ...convolution('decoder.up_blocks.0.upsamplers.0.conv', 16, 16, 3),
    ...residual('decoder.up_blocks.1.resnets.0', 8, 16),
    ...norm('decoder.conv_norm_out', 8),
    ...convolution('decoder.conv_out', 3, 8, 3),
  }
}

/**
 * A small model of what no golden pipeline has: conditioned by a class, with a convolutional MLP, positions wider than the grid, a
 * grid that is not square, and codes that are some entries of a codebook, found by a projection.
 */
export function classConditionalCheckpoint(): Checkpoint {
  const used = Int32Array.from({ length: codes }, (_, code) => (code * 7 + 3) % entries)
  return {
    description: 'random weights',
    transformer: {
      config: {
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
      },
      weights: randomWeights(transformerShapes()),
    },
    vqvae: {
      config: {
        in_channels: 3,
        out_channels: 3,
        block_out_channels: [8, 16],
        down_attention: [false, false],
        up_attention: [false, false],
        layers_per_block: 1,
        latent_channels: latents,
        vq_embed_dim: embedding,
        num_vq_embeddings: entries,
        norm_num_groups: 4,
        quantizer: 'projection',
      },
      weights: randomWeights(vqvaeShapes()),
      codes: used,
      codesOfEntries: Int32Array.from({ length: entries }, (_, entry) => Math.max(0, used.indexOf(entry))),
    },
    scheduler: { _class_name: 'VQDiffusionScheduler', num_vec_classes: codes + 1, num_train_timesteps: timesteps },
    close: async () => {},
  }
}
