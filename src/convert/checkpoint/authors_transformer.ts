import { CheckpointError } from '../../errors'
import { quoted } from '../../value_text'
import { transformerWeights, weightsOfNetwork } from './architecture'
import { transformerNames } from './authors_names'
import type { AuthorsSettings } from './authors_settings'
import type { Network, TransformerConfig } from './checkpoint'
import { type StoredTensor, type Tensors, withMeanRow } from './tensors'

/** The transformer of the authors' code by its tensors. Throws CheckpointError. */
export function transformerOf(file: string, tensors: Tensors, settings: AuthorsSettings): Network<TransformerConfig> {
  const config = transformerConfig(file, tensors, settings)
  // The mask of causal attention, in versions of the code that have one.
  const weights = weightsOfNetwork(
    file,
    'the transformer',
    transformerNames(config.unconditional_is_mean ? withClassOfNone(tensors) : tensors),
    transformerWeights(config),
    /\.attn\d?\.mask$/,
  )
  const [height, width] = ['height', 'width'].map(
    (side) => weights.shapes.get(`latent_image_embedding.${side}_emb.weight`)![0]!,
  )
  if (height! * width! < config.latent_height * config.latent_width)
    throw new CheckpointError(
      `${file} has positions for ${height} by ${width} latent pixels; its configuration says ` +
        `${config.latent_height} by ${config.latent_width}.`,
      file,
    )
  return { config, weights }
}

/**
 * The class tables with a row for none. The authors' code takes the mean of the classes' embeddings for a class beyond the
 * table (AdaLayerNorm in transformer_utils.py), as their class of none, 1000, is then.
 */
function withClassOfNone(tensors: Tensors): Tensors {
  return new Map(
    [...tensors].map(([name, tensor]): [string, StoredTensor] => [
      name,
      /^blocks\.\d+\.ln2\.emb\.weight$/.test(name) && tensor.shape.length === 2 ? withMeanRow(tensor) : tensor,
    ]),
  )
}

/** What the shapes of the weights tell, and for the rest what is the same in all published models. */
function transformerConfig(file: string, tensors: Tensors, settings: AuthorsSettings): TransformerConfig {
  const refuse: (what: string) => never = (what) => {
    throw new CheckpointError(`${file} ${what}.`, file)
  }
  const size = (name: string, axis: number) =>
    tensors.get(name)?.shape[axis] ?? refuse(`lacks the weight ${quoted(name)}, or it has too few axes`)
  const has = (name: string) => tensors.has(`blocks.0.${name}`)
  const isText = has('attn2.query.weight')
  if (!isText && !has('ln2.linear.weight'))
    refuse('holds a network without a text and without classes, which is not supported')
  if (!has('ln1.emb.weight')) refuse('embeds timesteps by sines, which is not supported; published models have tables')
  const width = size('content_emb.emb.weight', 1)
  const heads = settings.heads ?? 16
  if (width % heads !== 0)
    refuse(`has the width ${width}, no multiple of ${heads} heads: give its configuration (YAML)`)
  let layers = 0
  while (tensors.has(`blocks.${layers}.ln1.emb.weight`)) layers++
  const isConvolutional = has('mlp.conv1.weight')
  const rows = (side: string) => {
    const { shape } = tensors.get(`content_emb.${side}_emb.weight`) ?? tensors.get(`content_emb.${side}_emb`) ?? {}
    return shape?.at(-2) ?? refuse(`lacks the positions content_emb.${side}_emb`)
  }
  // The published models for classes have tables of 32 by 32 positions and 16 by 16 latent pixels.
  const share = isConvolutional ? 2 : 1
  const [height, breadth] = settings.grid ?? [rows('height') / share, rows('width') / share]
  if (isConvolutional && height !== breadth) refuse('convolves over latent pixels that are no square')
  const classes = isText ? 0 : size('blocks.0.ln2.emb.weight', 0)
  return {
    num_attention_heads: heads,
    attention_head_dim: width / heads,
    num_layers: layers,
    num_vector_embeds: size('content_emb.emb.weight', 0),
    num_embeds_ada_norm: size('blocks.0.ln1.emb.weight', 0),
    attention_bias: true,
    latent_height: height,
    latent_width: breadth,
    ff_mult: size(isConvolutional ? 'blocks.0.mlp.conv1.weight' : 'blocks.0.mlp.0.weight', 0) / width,
    feed_forward: isConvolutional ? 'convolution' : 'linear',
    activation: 'quick_gelu',
    sequence: 'by rows',
    condition: isText ? 'text' : 'class',
    ...(isText && { cross_attention_dim: size('blocks.0.attn2.key.weight', 1) }),
    // Class 1000 is the unconditional one (conditional_dalle.py), whether it was trained or not.
    ...(!isText && {
      num_classes: Math.min(classes, 1000),
      unconditional_class: Math.min(classes, 1000),
      ...(classes <= 1000 && { unconditional_is_mean: true }),
    }),
  }
}
