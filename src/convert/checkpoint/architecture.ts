import { CheckpointError } from '../../errors'
import { quoted, shapeText } from '../../value_text'
import type { TextEncoderConfig, TransformerConfig, VqvaeConfig, Weights } from './checkpoint'
import { type StoredTensor, type Tensors, weightsOf } from './tensors'

/** Undefined where it is that of the file. */
type Size = number | undefined

/** The weights that a network of a configuration has, with their shapes. */
type ExpectedWeights = Iterable<readonly [name: string, shape: readonly Size[]]>

/**
 * Weights that are exactly those of the network: none is missing, of another shape, or unknown, as those of a network
 * with other layers would be. Throws CheckpointError.
 *
 * @param source the file or folder, for messages
 * @param network the name of the network, for messages
 * @param unused names of weights that the network's computation does not use
 */
export function weightsOfNetwork(
  source: string,
  network: string,
  tensors: Tensors,
  expected: ExpectedWeights,
  unused: RegExp,
): Weights {
  const found = new Map<string, StoredTensor>()
  const fail: (what: string) => never = (what) => {
    throw new CheckpointError(`${source} ${what}.`, source)
  }
  // Whatever sizes a configuration states, the first weight that is not there ends the loop.
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name)
    if (!tensor) fail(`lacks the weight ${quoted(name)}, which ${network} of its configuration has`)
    const fits =
      tensor.shape.length === shape.length && shape.every((size, i) => (size ?? tensor.shape[i]) === tensor.shape[i])
    if (!fits)
      fail(
        `has the weight ${quoted(name)} of shape ${shapeText(tensor.shape)}; ${network} of its configuration needs ` +
          shapeText(shape.map((size) => size ?? 'any')),
      )
    found.set(name, tensor)
  }
  const unknown = [...tensors.keys()].filter((name) => !found.has(name) && !unused.test(name))
  if (unknown.length > 0)
    fail(
      `has ${unknown.length} weight(s) that ${network} does not have, ${quoted(unknown[0]!)} the first: it is another architecture`,
    )
  return weightsOf(source, found)
}

function* linear(name: string, outputs: Size, inputs: Size, bias = true): ExpectedWeights {
  yield [`${name}.weight`, [outputs, inputs]]
  if (bias) yield [`${name}.bias`, [outputs]]
}

function* norm(name: string, width: number): ExpectedWeights {
  yield [`${name}.weight`, [width]]
  yield [`${name}.bias`, [width]]
}

function* convolution(name: string, outputs: Size, inputs: Size, kernel: number): ExpectedWeights {
  yield [`${name}.weight`, [outputs, inputs, kernel, kernel]]
  yield [`${name}.bias`, [outputs]]
}

/** The weights of `TransformerConfig`. */
export function* transformerWeights(config: TransformerConfig): ExpectedWeights {
  const { num_vector_embeds: C, num_embeds_ada_norm: T, attention_bias: bias, ff_mult } = config
  const D = config.num_attention_heads * config.attention_head_dim
  const image = 'latent_image_embedding'
  yield [`${image}.emb.weight`, [C, D]]
  yield [`${image}.height_emb.weight`, [undefined, D]]
  yield [`${image}.width_emb.weight`, [undefined, D]]
  for (let i = 0; i < config.num_layers; i++) {
    const block = `transformer_blocks.${i}`
    yield* adaLayerNorm(`${block}.norm1`, T, D)
    yield* attention(`${block}.attn1`, D, D, bias)
    if (config.condition === 'text') {
      yield* adaLayerNorm(`${block}.norm2`, T, D)
      yield* attention(`${block}.attn2`, D, config.cross_attention_dim, bias)
      yield* norm(`${block}.norm3`, D)
    } else if (config.condition === 'none') {
      yield* norm(`${block}.norm3`, D)
    } else {
      yield* adaLayerNorm(`${block}.norm3`, config.unconditional_class! + 1, D)
    }
    if (config.feed_forward === 'linear') {
      yield* linear(`${block}.ff.net.0.proj`, ff_mult * D, D)
      yield* linear(`${block}.ff.net.2`, D, ff_mult * D)
    } else {
      yield* convolution(`${block}.ff.conv1`, ff_mult * D, D, 3)
      yield* convolution(`${block}.ff.conv2`, D, ff_mult * D, 3)
    }
  }
  yield* norm('norm_out', D)
  yield* linear('out', C - 1, D)
}

function* adaLayerNorm(name: string, rows: number, width: number): ExpectedWeights {
  yield [`${name}.emb.weight`, [rows, width]]
  yield* linear(`${name}.linear`, 2 * width, width)
}

function* attention(name: string, width: number, context: Size, bias: boolean): ExpectedWeights {
  yield* linear(`${name}.to_q`, width, width, bias)
  yield* linear(`${name}.to_k`, width, context, bias)
  yield* linear(`${name}.to_v`, width, context, bias)
  yield* linear(`${name}.to_out.0`, width, width)
}

/** The weights of `VqvaeConfig`. @param encoderWidth that of the encoder's first convolution */
export function* vqvaeWeights(config: VqvaeConfig, encoderWidth: number): ExpectedWeights {
  const { block_out_channels: widths, layers_per_block: layers, latent_channels: latent, vq_embed_dim: embed } = config
  const [first, last] = [widths[0]!, widths.at(-1)!]
  const levels = widths.length
  yield* convolution('encoder.conv_in', encoderWidth, config.in_channels, 3)
  for (const [level, width] of widths.entries()) {
    for (let j = 0; j < layers; j++) {
      const inputs = j > 0 ? width : level > 0 ? widths[level - 1]! : encoderWidth
      yield* resnet(`encoder.down_blocks.${level}.resnets.${j}`, inputs, width)
      if (config.down_attention[level]) yield* imageAttention(`encoder.down_blocks.${level}.attentions.${j}`, width)
    }
    if (level < levels - 1) yield* convolution(`encoder.down_blocks.${level}.downsamplers.0.conv`, width, width, 3)
  }
  yield* middle('encoder', last)
  yield* norm('encoder.conv_norm_out', last)
  yield* convolution('encoder.conv_out', latent, last, 3)
  yield* convolution('quant_conv', embed, latent, 1)
  yield ['quantize.embedding.weight', [config.num_vq_embeddings, embed]]
  if (config.quantizer === 'projection') yield* linear('quantize.proj', config.num_vq_embeddings, embed)
  yield* convolution('post_quant_conv', latent, embed, 1)
  yield* convolution('decoder.conv_in', last, latent, 3)
  yield* middle('decoder', last)
  for (const [level, width] of widths.toReversed().entries()) {
    for (let j = 0; j <= layers; j++) {
      const inputs = j > 0 ? width : (widths[levels - level] ?? last)
      yield* resnet(`decoder.up_blocks.${level}.resnets.${j}`, inputs, width)
      if (config.up_attention[level]) yield* imageAttention(`decoder.up_blocks.${level}.attentions.${j}`, width)
    }
    if (level < levels - 1) yield* convolution(`decoder.up_blocks.${level}.upsamplers.0.conv`, width, width, 3)
  }
  yield* norm('decoder.conv_norm_out', first)
  yield* convolution('decoder.conv_out', config.out_channels, first, 3)
}

function* resnet(name: string, inputs: number, outputs: number): ExpectedWeights {
  yield* norm(`${name}.norm1`, inputs)
  yield* convolution(`${name}.conv1`, outputs, inputs, 3)
  yield* norm(`${name}.norm2`, outputs)
  yield* convolution(`${name}.conv2`, outputs, outputs, 3)
  if (inputs !== outputs) yield* convolution(`${name}.conv_shortcut`, outputs, inputs, 1)
}

function* imageAttention(name: string, width: number): ExpectedWeights {
  yield* norm(`${name}.group_norm`, width)
  for (const part of ['to_q', 'to_k', 'to_v', 'to_out.0']) yield* linear(`${name}.${part}`, width, width)
}

function* middle(side: string, width: number): ExpectedWeights {
  yield* resnet(`${side}.mid_block.resnets.0`, width, width)
  yield* imageAttention(`${side}.mid_block.attentions.0`, width)
  yield* resnet(`${side}.mid_block.resnets.1`, width, width)
}

/** The weights of `TextEncoderConfig`. */
export function* textEncoderWeights(config: TextEncoderConfig): ExpectedWeights {
  const { hidden_size: width, intermediate_size: inner } = config
  yield ['text_model.embeddings.token_embedding.weight', [config.vocab_size, width]]
  yield ['text_model.embeddings.position_embedding.weight', [config.max_position_embeddings, width]]
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `text_model.encoder.layers.${i}`
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      yield* linear(`${layer}.self_attn.${part}`, width, width)
    yield* norm(`${layer}.layer_norm1`, width)
    yield* norm(`${layer}.layer_norm2`, width)
    yield* linear(`${layer}.mlp.fc1`, inner, width)
    yield* linear(`${layer}.mlp.fc2`, width, inner)
  }
  yield* norm('text_model.final_layer_norm', width)
}
