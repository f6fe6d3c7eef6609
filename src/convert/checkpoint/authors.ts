import { CheckpointError } from '../../errors'
import { quoted, shapeText, valueText } from '../../value_text'
import { textEncoderWeights, weightsOfNetwork } from './architecture'
import { type AutoencoderFiles, autoencoderOf } from './authors_autoencoder'
import { layoutMark, textEncoderNames, withoutPrefix } from './authors_names'
import { readSettings } from './authors_settings'
import { transformerOf } from './authors_transformer'
import type { ByteFolder, ByteSource, Checkpoint, Network, TextEncoderConfig, TransformerConfig } from './checkpoint'
import { publishedSchedule, scheduleOf } from './schedule_buffers'
import type { StoredTensor, Tensors } from './tensors'
import { readTokenizer } from './tokenizer'
import { readDictionary, stateDict } from './weight_files'

/** What a checkpoint of the authors' code leaves to other files. */
export interface AuthorsFiles extends AutoencoderFiles {
  /** The YAML configuration, for other heads and grids than those of the published models. */
  readonly config?: ByteSource
  /** vocab.json and merges.txt of CLIP. */
  readonly tokenizer?: ByteFolder
}

/**
 * A checkpoint of the authors' code (github.com/microsoft/VQ-Diffusion), or of Diffsound, which is the same code for
 * spectrograms (github.com/yangdongchao/Text-to-sound-Synthesis): the weights of `model`, those of `ema` in their place where
 * there are any. Takes over the files. Rejects CheckpointError.
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
  const whole = await readDictionary(file)
  const model = whole.get('model')
  const all = model instanceof Map ? stateDict(file.name, model) : new Map<string, StoredTensor>()
  const diffusion = withoutPrefix(all, 'transformer.')
  const ema = whole.get('ema')
  if (ema instanceof Map) for (const [name, tensor] of stateDict(file.name, ema)) diffusion.set(name, tensor)
  if (!diffusion.has('transformer.content_emb.emb.weight'))
    throw new CheckpointError(
      `${file.name} is no checkpoint of VQ-Diffusion's authors: it needs a dictionary "model" with the weight ` +
        `"transformer.transformer.content_emb.emb.weight", or for LayoutDM the weight ${quoted(layoutMark)}; it has the keys ${valueText([...whole.keys()])}.`,
      file.name,
    )
  const settings = files.config ? await readSettings(files.config) : {}
  const read = transformerOf(file.name, withoutPrefix(diffusion, 'transformer.'), settings)
  const config = { ...read.config, sequence: await sequenceOf(file.name, all, read.config) }
  // Diffsound's has other values (alpha_schedule in its diffusion_transformer.py).
  const schedule = await scheduleOf(file.name, diffusion, '', config.num_embeds_ada_norm)
  const vqvae = await autoencoderOf(file, all, files, config.num_vector_embeds - 1)
  const text = config.condition === 'text' ? await textOf(file.name, diffusion, files, config) : {}
  return {
    description:
      `a checkpoint of ${config.sequence === 'by columns' ? 'Diffsound' : "the authors' code"} for ` +
      `${config.condition === 'text' ? 'texts' : `${config.num_classes} classes`}` +
      `${ema instanceof Map ? ', averaged weights (ema)' : ''}`,
    transformer: { config, weights: read.weights },
    vqvae,
    ...text,
    scheduler: {
      _class_name: 'VQDiffusionScheduler',
      num_vec_classes: config.num_vector_embeds,
      ...(schedule?.config ?? { num_train_timesteps: config.num_embeds_ada_norm, ...publishedSchedule }),
    },
  }
}

/** How the tokens go over the grid: by the permutation of Diffsound's `ColumnMajor`, if there is one. */
async function sequenceOf(
  file: string,
  all: Tensors,
  { latent_height: height, latent_width: width }: TransformerConfig,
): Promise<TransformerConfig['sequence']> {
  const order = all.get('first_stage_permuter.forward_shuffle_idx')
  if (!order) return 'by rows'
  const pixels = shapeText(order.shape) === shapeText([height * width]) ? await order.read() : []
  const isByColumns = pixels.every((pixel, place) => pixel === (place % height) * width + Math.floor(place / height))
  if (pixels.length === 0 || !isByColumns)
    throw new CheckpointError(
      `${file} has tokens in another order than by columns of ${height} by ${width} latent pixels ` +
        '(first_stage_permuter), which is not supported.',
      file,
    )
  return 'by columns'
}

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

function textEncoderOf(file: string, tensors: Tensors): Network<TextEncoderConfig> {
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
