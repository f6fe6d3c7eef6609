import { partOf, reshaped, type StoredTensor, type Tensors } from './tensors'

/** Names of the authors' modules, as diffusers and transformers name the same weights. */

type Rule = readonly [pattern: RegExp, replacement: string]

/** Of `Text2ImageTransformer` and `Condition2ImageTransformer` (image_synthesis/modeling/transformers). */
const transformerRules: readonly Rule[] = [
  [/^content_emb\.(emb|height_emb|width_emb)(\.weight)?$/, 'latent_image_embedding.$1.weight'],
  [/^blocks\./, 'transformer_blocks.'],
  [/\.ln1\./, '.norm1.'],
  [/\.ln1_1\./, '.norm2.'],
  [/\.ln2\./, '.norm3.'],
  // A block for classes has one attention.
  [/\.attn\./, '.attn1.'],
  [/\.(attn[12])\.query\./, '.$1.to_q.'],
  [/\.(attn[12])\.key\./, '.$1.to_k.'],
  [/\.(attn[12])\.value\./, '.$1.to_v.'],
  [/\.(attn[12])\.proj\./, '.$1.to_out.0.'],
  [/\.mlp\.0\./, '.ff.net.0.proj.'],
  [/\.mlp\.2\./, '.ff.net.2.'],
  [/\.mlp\.(conv[12])\./, '.ff.$1.'],
  [/^to_logits\.0\./, 'norm_out.'],
  [/^to_logits\.1\./, 'out.'],
]

/** Of LayoutDM's `CategoricalTransformer`. */
const layoutRules: readonly Rule[] = [
  [/^cat_emb\./, 'latent_image_embedding.emb.'],
  [/^pos_emb\.elem_emb$/, 'latent_image_embedding.height_emb.weight'],
  [/^pos_emb\.attr_emb$/, 'latent_image_embedding.width_emb.weight'],
  [/^backbone\.layers\./, 'transformer_blocks.'],
  [/\.norm2\./, '.norm3.'],
  [/\.self_attn\.out_proj\./, '.attn1.to_out.0.'],
  [/\.linear1\./, '.ff.net.0.proj.'],
  [/\.linear2\./, '.ff.net.2.'],
  [/^head\.0\./, 'norm_out.'],
  [/^head\.1\./, 'out.'],
]

/** Of OpenAI's CLIP. */
const clipRules: readonly Rule[] = [
  [/^token_embedding\./, 'embeddings.token_embedding.'],
  [/^positional_embedding$/, 'embeddings.position_embedding.weight'],
  [/^ln_final\./, 'final_layer_norm.'],
  [/^transformer\.resblocks\./, 'encoder.layers.'],
  [/\.attn\.out_proj\./, '.self_attn.out_proj.'],
  [/\.ln_1\./, '.layer_norm1.'],
  [/\.ln_2\./, '.layer_norm2.'],
  [/\.mlp\.c_fc\./, '.mlp.fc1.'],
  [/\.mlp\.c_proj\./, '.mlp.fc2.'],
]

/** Of the autoencoders of taming-transformers, and of the authors' own. */
const codecRules: readonly Rule[] = [
  [/^(encoder|decoder)\.norm_out\./, '$1.conv_norm_out.'],
  [/\.nin_shortcut\./, '.conv_shortcut.'],
  [/\.mid\.block_1\./, '.mid_block.resnets.0.'],
  [/\.mid\.block_2\./, '.mid_block.resnets.1.'],
  [/\.mid\.attn_1\./, '.mid_block.attentions.0.'],
  [/^encoder\.down\./, 'encoder.down_blocks.'],
  [/_blocks\.(\d+)\.block\./, '_blocks.$1.resnets.'],
  [/_blocks\.(\d+)\.attn\./, '_blocks.$1.attentions.'],
  [/\.(up|down)sample\.conv\./, '.$1samplers.0.conv.'],
  [/(\.attentions\.\d+)\.norm\./, '$1.group_norm.'],
  [/(\.attentions\.\d+)\.([qkv])\./, '$1.to_$2.'],
  [/(\.attentions\.\d+)\.proj_out\./, '$1.to_out.0.'],
  // A buffer of the authors' EMAVectorQuantizer, an embedding in taming's GumbelQuantize.
  [/^quantize\.(embedding|embed\.weight)$/, 'quantize.embedding.weight'],
]

function renamed(name: string, rules: readonly Rule[]): string {
  return rules.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name)
}

/** The tensors whose names begin with a prefix, without it. */
export function withoutPrefix(tensors: Tensors, prefix: string): Map<string, StoredTensor> {
  const found = new Map<string, StoredTensor>()
  for (const [name, tensor] of tensors) if (name.startsWith(prefix)) found.set(name.slice(prefix.length), tensor)
  return found
}

/** The transformer under diffusers' names. */
export function transformerNames(tensors: Tensors): Tensors {
  return new Map(
    [...tensors].map(([name, tensor]): [string, StoredTensor] => [
      renamed(name, transformerRules),
      // Positions that are parameters, not embeddings, are [1, rows, D].
      /_emb$/.test(name) ? reshaped(tensor, tensor.shape.slice(1)) : tensor,
    ]),
  )
}

/** The weight that says that a state dict is one of LayoutDM's code. */
export const layoutMark = 'model.module.transformer.cat_emb.weight'

/** LayoutDM's transformer under diffusers' names; the packed queries, keys and values as three weights. */
export function layoutNames(tensors: Tensors): Tensors {
  return unpacked(tensors, /^(backbone\.layers\.\d+)\.self_attn\.in_proj_(weight|bias)$/, {
    part: (layer, i, kind) => renamed(`${layer}.attn1.to_${'qkv'[i]}.${kind}`, layoutRules),
    other: (name) => renamed(name, layoutRules),
  })
}

/** CLIP's text model under transformers' names; the packed queries, keys and values as three weights. */
export function textEncoderNames(tensors: Tensors): Tensors {
  return unpacked(tensors, /^(transformer\.resblocks\.\d+)\.attn\.in_proj_(weight|bias)$/, {
    part: (layer, i, kind) => `text_model.${renamed(`${layer}.self_attn.${'qkv'[i]}_proj.${kind}`, clipRules)}`,
    other: (name) => `text_model.${renamed(name, clipRules)}`,
  })
}

/**
 * Tensors under other names, with the packed queries, keys and values of torch's MultiheadAttention as three weights.
 *
 * @param packed matches their names: the layer, and whether it is the weight or the bias
 */
function unpacked(
  tensors: Tensors,
  packed: RegExp,
  names: { part(layer: string, index: number, kind: string): string; other(name: string): string },
): Tensors {
  const named = new Map<string, StoredTensor>()
  for (const [name, tensor] of tensors) {
    const [, layer, kind] = packed.exec(name) ?? []
    if (layer === undefined) named.set(names.other(name), tensor)
    else for (const i of [0, 1, 2]) named.set(names.part(layer, i, kind!), partOf(tensor, i, 3))
  }
  return named
}

/** The autoencoder under diffusers' names, with its linear layers, which are convolutions of 1 × 1 here, as [C, C]. */
export function codecNames(tensors: Tensors): Tensors {
  const levels = levelsOf(tensors)
  return new Map(
    [...tensors].map(([name, tensor]): [string, StoredTensor] => {
      // The decoder's levels are counted from the widest grid, its blocks in diffusers from the narrowest.
      const counted = name.replace(/^decoder\.up\.(\d+)\./, (_, level) => `decoder.up_blocks.${levels - 1 - level}.`)
      const { shape } = tensor
      const isLinear = /\.attentions\.|^quantize\.proj/.test(renamed(counted, codecRules)) && shape.length === 4
      return [
        renamed(counted, codecRules),
        isLinear && shape[2] === 1 && shape[3] === 1 ? reshaped(tensor, shape.slice(0, 2)) : tensor,
      ]
    }),
  )
}

/** Levels of the autoencoder. */
export function levelsOf(tensors: Tensors): number {
  let levels = 0
  while (tensors.has(`encoder.down.${levels}.block.0.conv2.weight`)) levels++
  return levels
}
