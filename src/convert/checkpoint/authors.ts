import { CheckpointError } from '../../errors'
import { quoted, shapeText, valueText } from '../../value_text'
import { textEncoderWeights, transformerWeights, vqvaeWeights, weightsOfNetwork } from './architecture'
import { codecNames, levelsOf, textEncoderNames, transformerNames, withoutPrefix } from './authors_names'
import { type AuthorsSettings, readSettings } from './authors_settings'
import type {
  ByteFolder,
  ByteSource,
  Checkpoint,
  TextEncoderConfig,
  TransformerConfig,
  VqvaeConfig,
  Weights,
} from './checkpoint'
import { publishedMapping } from './published_mappings'
import { countOf, type StoredTensor, type Tensors } from './tensors'
import { readTokenizer } from './tokenizer'
import { readTorch, TorchTensor } from './torch'
import { stateDict, weightFormat } from './weight_files'

/** What a checkpoint of the authors' code leaves to other files. */
export interface AuthorsFiles {
  /** The autoencoder, such as ithq_vqvae.pth or taming_f8_8192_openimages_last.pth, unless the checkpoint has it. */
  readonly vqvae?: ByteSource
  /** `full_to_quantize`, such as help_folder/statistics/taming_vqvae_2887.pt; those that were published are known. */
  readonly mapping?: ByteSource
  /** The YAML configuration, for other heads and grids than those of the published models. */
  readonly config?: ByteSource
  /** vocab.json and merges.txt of CLIP. */
  readonly tokenizer?: ByteFolder
}

/**
 * A checkpoint of the authors' code (github.com/microsoft/VQ-Diffusion): the weights of `model`, those of `ema` in their
 * place where there are any. Takes over the files. Rejects CheckpointError.
 */
export async function openAuthors(file: ByteSource, files: AuthorsFiles = {}): Promise<Checkpoint> {
  const close = async () => {
    await Promise.all([file, files.vqvae, files.mapping, files.config].map((source) => source?.close()))
  }
  try {
    return { ...(await readAuthors(file, files)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function readAuthors(file: ByteSource, files: AuthorsFiles): Promise<Omit<Checkpoint, 'close'>> {
  const whole = await readMaps(file)
  const model = whole.get('model')
  const all = model instanceof Map ? stateDict(file.name, model) : new Map<string, StoredTensor>()
  const diffusion = withoutPrefix(all, 'transformer.')
  const ema = whole.get('ema')
  if (ema instanceof Map) for (const [name, tensor] of stateDict(file.name, ema)) diffusion.set(name, tensor)
  if (!diffusion.has('transformer.content_emb.emb.weight'))
    throw new CheckpointError(
      `${file.name} is no checkpoint of VQ-Diffusion's authors: it needs a dictionary "model" with the weight ` +
        `"transformer.transformer.content_emb.emb.weight"; it has the keys ${valueText([...whole.keys()])}.`,
      file.name,
    )
  const settings = files.config ? await readSettings(files.config) : {}
  const transformer = transformerOf(file.name, withoutPrefix(diffusion, 'transformer.'), settings)
  const { config } = transformer
  const vqvae = await vqvaeOf(file, all, files, config.num_vector_embeds - 1)
  const text = config.condition === 'text' ? await textOf(file.name, diffusion, files, config) : {}
  return {
    description:
      `a checkpoint of the authors' code for ${config.condition === 'text' ? 'texts' : `${config.num_classes} classes`}` +
      `${ema instanceof Map ? ', averaged weights (ema)' : ''}`,
    transformer,
    vqvae,
    ...text,
    // The authors' code has no other schedule (alpha_schedule in diffusion_transformer.py).
    scheduler: {
      _class_name: 'VQDiffusionScheduler',
      num_vec_classes: config.num_vector_embeds,
      num_train_timesteps: config.num_embeds_ada_norm,
      alpha_cum_start: 0.99999,
      alpha_cum_end: 0.000009,
      gamma_cum_start: 0.000009,
      gamma_cum_end: 0.99999,
    },
  }
}

/** The dictionary of a file, in which optimizers and schedulers are objects without a content. */
async function readMaps(source: ByteSource): Promise<Map<unknown, unknown>> {
  if ((await weightFormat(source)) !== 'torch')
    throw new CheckpointError(`${source.name} needs to be an archive of torch.save; given safetensors.`, source.name)
  const whole = await readTorch(source, 'inert')
  if (!(whole instanceof Map))
    throw new CheckpointError(`${source.name} needs to hold a dictionary, as checkpoints do.`, source.name)
  return whole
}

// Transformer

function transformerOf(
  file: string,
  tensors: Tensors,
  settings: AuthorsSettings,
): { config: TransformerConfig; weights: Weights } {
  const config = transformerConfig(file, tensors, settings)
  // The mask of causal attention, in versions of the code that have one.
  const weights = weightsOfNetwork(
    file,
    'the transformer',
    transformerNames(tensors),
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
    condition: isText ? 'text' : 'class',
    ...(isText && { cross_attention_dim: size('blocks.0.attn2.key.weight', 1) }),
    // Class 1000 is the unconditional one (conditional_dalle.py), where there are 1001.
    ...(!isText && { num_classes: Math.min(classes, 1000), ...(classes > 1000 && { unconditional_class: 1000 }) }),
  }
}

// Text

async function textOf(
  file: string,
  diffusion: Tensors,
  files: AuthorsFiles,
  { cross_attention_dim: width }: TransformerConfig,
): Promise<Pick<Checkpoint, 'textEncoder' | 'textLength' | 'tokenizer' | 'learnedEmbeddings'>> {
  const textEncoder = textEncoderOf(file, withoutPrefix(diffusion, 'condition_emb.'))
  const { hidden_size, max_position_embeddings: textLength } = textEncoder.config
  if (hidden_size !== width)
    throw new CheckpointError(
      `${file} has a transformer for texts of ${width} features and a text encoder of ${hidden_size}.`,
      file,
    )
  const learned = diffusion.get('empty_text_embed')
  if (learned && shapeText(learned.shape) !== shapeText([textLength, hidden_size]))
    throw new CheckpointError(
      `${file} has an empty_text_embed of shape ${shapeText(learned.shape)}; a text has ${shapeText([textLength, hidden_size])}.`,
      file,
    )
  const { vocab, merges } = files.tokenizer ? await readTokenizer(files.tokenizer, '') : {}
  return {
    textEncoder,
    textLength,
    ...(vocab && merges && { tokenizer: { vocab, merges } }),
    ...(learned && { learnedEmbeddings: { data: await learned.read(), shape: learned.shape } }),
  }
}

function textEncoderOf(file: string, tensors: Tensors): { config: TextEncoderConfig; weights: Weights } {
  const size = (name: string, axis: number) => {
    const found = tensors.get(name)?.shape[axis]
    if (found === undefined) throw new CheckpointError(`${file} lacks CLIP's weight "condition_emb.${name}".`, file)
    return found
  }
  let layers = 0
  while (tensors.has(`transformer.resblocks.${layers}.mlp.c_fc.weight`)) layers++
  const width = size('token_embedding.weight', 1)
  if (width % 64 !== 0)
    throw new CheckpointError(`${file} has a text encoder of width ${width}, no multiple of 64.`, file)
  const config: TextEncoderConfig = {
    vocab_size: size('token_embedding.weight', 0),
    hidden_size: width,
    intermediate_size: size('transformer.resblocks.0.mlp.c_fc.weight', 0),
    num_hidden_layers: layers,
    // build_model of OpenAI's CLIP.
    num_attention_heads: width / 64,
    max_position_embeddings: size('positional_embedding', 0),
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
  }
  const named = textEncoderNames(tensors)
  const unused = /^text_model\.text_projection$/
  return { config, weights: weightsOfNetwork(file, 'the text encoder', named, textEncoderWeights(config), unused) }
}

// Autoencoder

async function vqvaeOf(
  file: ByteSource,
  all: Tensors,
  files: AuthorsFiles,
  numCodes: number,
): Promise<Checkpoint['vqvae']> {
  const source = files.vqvae ?? file
  const tensors = codecOf(files.vqvae ? await codecFile(files.vqvae) : all)
  if (!tensors.has('decoder.conv_in.weight'))
    throw new CheckpointError(
      files.vqvae
        ? `${source.name} holds no autoencoder: it needs the weight "decoder.conv_in.weight".`
        : `${source.name} does not hold the autoencoder: give its file as well (--vqvae), such as ithq_vqvae.pth.`,
      source.name,
    )
  const named = codecNames(tensors)
  const config = vqvaeConfig(source.name, tensors, named)
  const encoderWidth = named.get('encoder.conv_in.weight')?.shape[0] ?? 0
  // Statistics of the quantizer's training.
  const unused = /^quantize\.(?!embedding\.weight$|proj\.)/
  const weights = weightsOfNetwork(source.name, 'the autoencoder', named, vqvaeWeights(config, encoderWidth), unused)
  const codesOfEntries = await mappingOf(source.name, files.mapping, config.num_vq_embeddings, numCodes)
  if (!codesOfEntries) return { config, weights }
  // The first entry of each code, as taming_gumbel_vqvae.py chooses.
  const codes = new Int32Array(numCodes).fill(-1)
  for (const [entry, code] of codesOfEntries.entries()) if (codes[code] === -1) codes[code] = entry
  if (codes.includes(-1))
    throw new CheckpointError(
      `${files.mapping?.name} has no entry of the codebook for code ${codes.indexOf(-1)}.`,
      source.name,
    )
  return { config, weights, codes, codesOfEntries }
}

/** The state dict of a file: the authors' `model`, taming's `state_dict`, or the file itself. */
async function codecFile(source: ByteSource): Promise<Tensors> {
  const whole = await readMaps(source)
  const inner = whole.get('model') ?? whole.get('state_dict') ?? whole
  return stateDict(source.name, inner)
}

const codecPart =
  /^(?:content_codec\.(?:enc|dec)\.|first_stage_model\.)?((?:encoder|decoder|quant_conv|post_quant_conv|quantize)\..*)$/

/** Only what belongs to the autoencoder, not its discriminator, nor the transformer beside it. */
function codecOf(tensors: Tensors): Tensors {
  const found = new Map<string, StoredTensor>()
  for (const [name, tensor] of tensors) {
    const part = codecPart.exec(name)?.[1]
    if (part) found.set(part, tensor)
  }
  return found
}

function vqvaeConfig(file: string, tensors: Tensors, named: Tensors): VqvaeConfig {
  const size = (name: string, axis: number) => {
    const found = named.get(name)?.shape[axis]
    if (found === undefined) throw new CheckpointError(`${file} lacks the autoencoder's weight ${quoted(name)}.`, file)
    return found
  }
  const levels = Array.from({ length: levelsOf(tensors) }, (_, level) => level)
  if (levels.length === 0) throw new CheckpointError(`${file} holds no encoder of taming-transformers.`, file)
  let layers = 0
  while (named.has(`encoder.down_blocks.0.resnets.${layers}.conv2.weight`)) layers++
  const hasAttention = (blocks: string) =>
    levels.map((level) => named.has(`${blocks}.${level}.attentions.0.to_q.weight`))
  const widths = levels.map((level) => size(`encoder.down_blocks.${level}.resnets.0.conv2.weight`, 0))
  // Normalize of taming-transformers.
  const groups = 32
  if (widths.some((width) => width % groups !== 0))
    throw new CheckpointError(
      `${file} has an autoencoder of the widths ${shapeText(widths)}, not all multiples of 32.`,
      file,
    )
  return {
    in_channels: size('encoder.conv_in.weight', 1),
    out_channels: size('decoder.conv_out.weight', 0),
    block_out_channels: widths,
    down_attention: hasAttention('encoder.down_blocks'),
    up_attention: hasAttention('decoder.up_blocks'),
    layers_per_block: layers,
    latent_channels: size('decoder.conv_in.weight', 1),
    vq_embed_dim: size('post_quant_conv.weight', 1),
    num_vq_embeddings: size('quantize.embedding.weight', 0),
    norm_num_groups: groups,
    quantizer: named.has('quantize.proj.weight') ? 'projection' : 'nearest',
  }
}

/** The code of every entry of the codebook; undefined if they are the same. */
async function mappingOf(
  codec: string,
  mapping: ByteSource | undefined,
  entries: number,
  codes: number,
): Promise<Int32Array | undefined> {
  if (entries === codes && !mapping) return undefined
  const published = mapping ? undefined : publishedMapping(entries, codes)
  if (published) return published
  if (!mapping)
    throw new CheckpointError(
      `${codec} has a codebook of ${entries} entries, and the transformer ${codes} codes: it is another autoencoder, or ` +
        'the file that maps its entries to codes is needed (--mapping).',
      codec,
    )
  await weightFormat(mapping)
  const tensor = await readTorch(mapping, 'refuse')
  if (!(tensor instanceof TorchTensor) || tensor.shape.length !== 1 || countOf(tensor.shape) !== entries)
    throw new CheckpointError(`${mapping.name} needs to hold one tensor of ${entries} codes.`, mapping.name)
  const values = await tensor.read()
  if (!values.every((code) => Number.isInteger(code) && code >= 0 && code < codes))
    throw new CheckpointError(`${mapping.name} needs codes from 0 to ${codes - 1}.`, mapping.name)
  return Int32Array.from(values)
}
