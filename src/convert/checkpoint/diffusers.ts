import { CheckpointError } from '../../errors'
import { kindOf } from '../../kind'
import { quoted, shapeText, valueText } from '../../value_text'
import { textEncoderWeights, transformerWeights, vqvaeWeights, weightsOfNetwork } from './architecture'
import type {
  ByteFolder,
  ByteSource,
  Checkpoint,
  Network,
  TextEncoderConfig,
  TransformerConfig,
  VqvaeConfig,
} from './checkpoint'
import { ConfigValues } from './config_values'
import { readJson } from './json'
import type { StoredTensor, Tensors } from './tensors'
import { readTokenizer } from './tokenizer'
import { openWeights } from './weight_files'

/**
 * A folder that `VQDiffusionPipeline.save_pretrained` of any version of diffusers wrote, or the conversion script of
 * 2022. Rejects CheckpointError.
 */
export async function openDiffusers(folder: ByteFolder): Promise<Checkpoint> {
  const opened: ByteSource[] = []
  const close = async () => {
    await Promise.all(opened.map((source) => source.close()))
  }
  try {
    return { ...(await readFolder(folder, opened)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function readFolder(folder: ByteFolder, opened: ByteSource[]): Promise<Omit<Checkpoint, 'close'>> {
  if (!folder.paths.includes('model_index.json'))
    throw new CheckpointError(
      `${folder.name} needs a model_index.json, as diffusers writes it; it has {${folder.paths.slice(0, 16).join(', ')}}.`,
      folder.name,
    )
  const index = await readJson(folder, 'model_index.json')
  if (index._class_name !== 'VQDiffusionPipeline')
    throw new CheckpointError(
      `${folder.name} holds another pipeline than VQDiffusionPipeline: ${valueText(index._class_name)}.`,
      folder.name,
    )
  const transformer = await openTransformer(folder, opened)
  const vqvae = await openVqvae(folder, opened)
  const textEncoder = await openTextEncoder(folder, opened)
  const { maxLength, ...tokenizer } = await readTokenizer(folder, 'tokenizer')
  const textLength = Math.min(maxLength ?? Number.POSITIVE_INFINITY, textEncoder.config.max_position_embeddings)
  const scheduler = await readJson(folder, 'scheduler/scheduler_config.json')
  requireEqual(folder, {
    'codes of the transformer and entries of the codebook': [
      transformer.config.num_vector_embeds - 1,
      vqvae.config.num_vq_embeddings,
    ],
    'classes of the transformer and of the scheduler': [
      transformer.config.num_vector_embeds,
      scheduler.num_vec_classes,
    ],
    'timesteps of the transformer and of the scheduler': [
      transformer.config.num_embeds_ada_norm,
      scheduler.num_train_timesteps ?? 100,
    ],
    'widths of the text that the transformer takes and the text encoder gives': [
      transformer.config.cross_attention_dim,
      textEncoder.config.hidden_size,
    ],
  })
  const width = textEncoder.config.hidden_size
  const learnedEmbeddings = await readLearnedEmbeddings(folder, index, opened, [textLength, width])
  return {
    description:
      `diffusers' VQDiffusionPipeline ${versionText(index)}` +
      `${learnedEmbeddings ? '' : ', without learned unconditional embeddings'}`,
    transformer,
    vqvae,
    textEncoder,
    tokenizer,
    textLength,
    scheduler,
    ...(learnedEmbeddings && { learnedEmbeddings }),
  }
}

function versionText({ _diffusers_version: version }: Record<string, unknown>): string {
  return /^[\w.+-]{1,40}$/.test(String(version)) ? `of version ${version}` : 'of an unknown version'
}

function requireEqual(folder: ByteFolder, pairs: Record<string, readonly [unknown, unknown]>): void {
  for (const [what, [a, b]] of Object.entries(pairs))
    if (a !== b)
      throw new CheckpointError(
        `${folder.name} needs equal numbers of ${what}; given ${valueText(a)} and ${valueText(b)}.`,
        folder.name,
      )
}

/** The configuration of a component, of this class if it names one. */
async function readConfig(folder: ByteFolder, component: string, className: string): Promise<ConfigValues> {
  const path = `${component}/config.json`
  const config = await readJson(folder, path)
  const name = config._class_name ?? className
  if (name !== className)
    throw new CheckpointError(
      `${folder.name}/${path} needs a ${className}, as VQ-Diffusion has; given ${valueText(name)}.`,
      `${folder.name}/${path}`,
    )
  return new ConfigValues(`${folder.name}/${path}`, config)
}

// Transformer

async function openTransformer(folder: ByteFolder, opened: ByteSource[]): Promise<Network<TransformerConfig>> {
  const values = await readConfig(folder, 'transformer', 'Transformer2DModel')
  const config = transformerConfig(values)
  const tensors = await openWeights(folder, 'transformer', opened)
  const where = `${folder.name}/transformer`
  const weights = weightsOfNetwork(where, 'the transformer', tensors, transformerWeights(config), /$^/)
  const rows = ['height', 'width'].map((side) => weights.shapes.get(`latent_image_embedding.${side}_emb.weight`)![0]!)
  if (rows[0] !== config.latent_height || rows[1] !== config.latent_width)
    throw new CheckpointError(
      `${where} has position tables of ${rows.join(' by ')}; sample_size is ${config.latent_width}.`,
      where,
    )
  return { config, weights }
}

function transformerConfig(values: ConfigValues): TransformerConfig {
  // Of diffusers' present class; files of 2022 have neither norm_type nor most of the others.
  values.choice('norm_type', 'ada_norm', 'layer_norm')
  values.choice('activation_fn', 'geglu-approximate')
  values.only('in_channels')
  values.only('patch_size')
  values.only('only_cross_attention', false)
  values.only('double_self_attention', false)
  values.only('num_embeds_ada_norm_single')
  values.only('norm_elementwise_affine', true)
  values.only('norm_eps', 1e-5)
  values.only('attention_type', 'default')
  const side = values.size('sample_size')
  return {
    num_attention_heads: values.size('num_attention_heads', 16),
    attention_head_dim: values.size('attention_head_dim', 88),
    num_layers: values.size('num_layers', 1),
    num_vector_embeds: values.size('num_vector_embeds'),
    num_embeds_ada_norm: values.size('num_embeds_ada_norm'),
    attention_bias: values.flag('attention_bias', false),
    latent_height: side,
    latent_width: side,
    ff_mult: 4,
    feed_forward: 'linear',
    activation: 'quick_gelu',
    sequence: 'by rows',
    condition: 'text',
    cross_attention_dim: values.size('cross_attention_dim'),
  }
}

// Autoencoder

async function openVqvae(folder: ByteFolder, opened: ByteSource[]): Promise<Network<VqvaeConfig>> {
  const values = await readConfig(folder, 'vqvae', 'VQModel')
  const config = vqvaeConfig(values)
  const tensors = withPresentNames(await openWeights(folder, 'vqvae', opened))
  const expected = vqvaeWeights(config, config.block_out_channels[0]!)
  return { config, weights: weightsOfNetwork(`${folder.name}/vqvae`, 'the autoencoder', tensors, expected, /$^/) }
}

function vqvaeConfig(values: ConfigValues): VqvaeConfig {
  values.choice('act_fn', 'silu', 'swish')
  values.choice('norm_type', 'group')
  values.only('mid_block_add_attention', true)
  values.only('lookup_from_codebook', false)
  const widths = values.sizes('block_out_channels')
  const groups = values.size('norm_num_groups', 32)
  if (widths.some((width) => width % groups !== 0)) values.refuse('block_out_channels', `multiples of ${groups} groups`)
  const latent = values.size('latent_channels', 3)
  return {
    in_channels: values.size('in_channels', 3),
    out_channels: values.size('out_channels', 3),
    block_out_channels: widths,
    down_attention: values.flags('down_block_types', widths.length, 'DownEncoderBlock2D', 'AttnDownEncoderBlock2D'),
    up_attention: values.flags('up_block_types', widths.length, 'UpDecoderBlock2D', 'AttnUpDecoderBlock2D'),
    layers_per_block: values.size('layers_per_block', 1),
    latent_channels: latent,
    vq_embed_dim: values.size('vq_embed_dim', latent),
    num_vq_embeddings: values.size('num_vq_embeddings', 256),
    norm_num_groups: groups,
    quantizer: 'nearest',
  }
}

const formerNames: Readonly<Record<string, string>> = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
}

/** The autoencoder's attention had other names before diffusers 0.15. */
function withPresentNames(tensors: Tensors): Tensors {
  return new Map(
    [...tensors].map(([name, tensor]): [string, StoredTensor] => {
      const attention = /^(.*\.attentions\.\d+)\.(query|key|value|proj_attn)\.(weight|bias)$/.exec(name)
      return [attention ? `${attention[1]}.${formerNames[attention[2]!]}.${attention[3]}` : name, tensor]
    }),
  )
}

// Text

async function openTextEncoder(folder: ByteFolder, opened: ByteSource[]): Promise<Network<TextEncoderConfig>> {
  const path = 'text_encoder/config.json'
  const whole = await readJson(folder, path)
  // That of a whole CLIP has its text model's in it.
  const own = (kindOf(whole.text_config) === 'Object' ? whole.text_config : whole) as Record<string, unknown>
  const values = new ConfigValues(`${folder.name}/${path}`, own)
  values.only('model_type', 'clip_text_model', 'clip')
  const width = values.size('hidden_size', 512)
  const heads = values.size('num_attention_heads', 8)
  if (width % heads !== 0) values.refuse('hidden_size', `a multiple of num_attention_heads, ${heads}`)
  const config: TextEncoderConfig = {
    vocab_size: values.size('vocab_size', 49408),
    hidden_size: width,
    intermediate_size: values.size('intermediate_size', 2048),
    num_hidden_layers: values.size('num_hidden_layers', 12),
    num_attention_heads: heads,
    max_position_embeddings: values.size('max_position_embeddings', 77),
    hidden_act: values.choice('hidden_act', 'quick_gelu', 'gelu'),
    layer_norm_eps: values.number('layer_norm_eps', 1e-5),
  }
  const tensors = new Map(
    [...(await openWeights(folder, 'text_encoder', opened))].map(([name, tensor]): [string, StoredTensor] => [
      name.replace(/^(?=(embeddings|encoder|final_layer_norm)\.)/, 'text_model.'),
      tensor,
    ]),
  )
  const unused = /position_ids$|^(text_projection|visual_projection|vision_model|logit_scale)\b/
  const where = `${folder.name}/text_encoder`
  return { config, weights: weightsOfNetwork(where, 'the text encoder', tensors, textEncoderWeights(config), unused) }
}

const embeddingsFolder = 'learned_classifier_free_sampling_embeddings'

/** The embeddings that the pipeline uses for the empty text, if they were learned. */
async function readLearnedEmbeddings(
  folder: ByteFolder,
  index: Record<string, unknown>,
  opened: ByteSource[],
  needed: readonly [number, number],
): Promise<{ data: Float32Array; shape: readonly number[] } | undefined> {
  const component = index[embeddingsFolder]
  if (!Array.isArray(component) || component[1] === null) return undefined
  const { learnable = false } = await readJson(folder, `${embeddingsFolder}/config.json`)
  if (learnable !== true) return undefined
  const where = `${folder.name}/${embeddingsFolder}`
  const embeddings = (await openWeights(folder, embeddingsFolder, opened)).get('embeddings')
  if (embeddings?.shape.length !== 2 || embeddings.shape.some((size, i) => size !== needed[i]))
    throw new CheckpointError(
      `${where} needs the tensor ${quoted('embeddings')} of shape ${shapeText(needed)}, as the text has; given ` +
        `${embeddings ? shapeText(embeddings.shape) : 'none'}.`,
      where,
    )
  return { data: await embeddings.read(), shape: needed }
}
