import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Saved, writeTorchArchive } from '../../support/checkpoint_files'
import { clipVocabulary } from './clip_vocabulary'
import type { ModelShape } from './models'
import { countOf, type Shapes, shapesOf, storageOf } from './network_tensors'

/** Writes a folder as diffusers 0.8 did, of random weights: `.bin`, old names of the autoencoder's attention, no `norm_type`. */
export async function writeDiffusersFolder(folder: string, model: ModelShape): Promise<void> {
  const { transformer, vqvae, textEncoder } = model
  const [version, diffusers, transformers] = ['0.8.0', 'diffusers', 'transformers']
  const write = async (path: string, content: object | string) => {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  }
  const embeddings = 'learned_classifier_free_sampling_embeddings'
  await write('model_index.json', {
    _class_name: 'VQDiffusionPipeline',
    _diffusers_version: version,
    [embeddings]: ['vq_diffusion', 'LearnedClassifierFreeSamplingEmbeddings'],
    scheduler: [diffusers, 'VQDiffusionScheduler'],
    text_encoder: [transformers, 'CLIPTextModel'],
    tokenizer: [transformers, 'CLIPTokenizer'],
    transformer: [diffusers, 'Transformer2DModel'],
    vqvae: [diffusers, 'VQModel'],
  })
  const { vocab, merges } = clipVocabulary(textEncoder.vocab_size)
  await write('tokenizer/vocab.json', vocab)
  await write('tokenizer/merges.txt', merges)
  const length = textEncoder.max_position_embeddings
  await write('tokenizer/tokenizer_config.json', { pad_token: '!', model_max_length: length })
  await write('scheduler/scheduler_config.json', {
    _class_name: 'VQDiffusionScheduler',
    num_vec_classes: transformer.num_vector_embeds,
    num_train_timesteps: transformer.num_embeds_ada_norm,
    alpha_cum_start: 0.99999,
    alpha_cum_end: 0.000009,
    gamma_cum_start: 0.000009,
    gamma_cum_end: 0.99999,
  })
  const shapes = shapesOf(model)
  const hidden_size = textEncoder.hidden_size
  await write(`${embeddings}/config.json`, { learnable: true, hidden_size, length })
  await writeWeights(folder, embeddings, new Map([['embeddings', [length, hidden_size]]]))
  const { latent_height: sample_size, ...network } = transformer
  for (const key of ['latent_width', 'ff_mult', 'feed_forward', 'activation', 'sequence', 'condition'] as const)
    Reflect.deleteProperty(network, key)
  await write('transformer/config.json', {
    _class_name: 'Transformer2DModel',
    ...network,
    sample_size,
    activation_fn: 'geglu-approximate',
    in_channels: null,
  })
  await writeWeights(folder, 'transformer', shapes.transformer)
  const { down_attention, up_attention, quantizer: _, ...codec } = vqvae
  const blocks = (attention: readonly boolean[], kind: string) =>
    attention.map((attends) => `${attends ? 'Attn' : ''}${kind}Block2D`)
  await write('vqvae/config.json', {
    _class_name: 'VQModel',
    ...codec,
    down_block_types: blocks(down_attention, 'DownEncoder'),
    up_block_types: blocks(up_attention, 'UpDecoder'),
    act_fn: 'silu',
  })
  await writeWeights(folder, 'vqvae', shapes.vqvae)
  await write('text_encoder/config.json', { model_type: 'clip_text_model', ...textEncoder })
  await writeWeights(folder, 'text_encoder', shapes.textEncoder, 'pytorch_model')
}

async function writeWeights(folder: string, component: string, shapes: Shapes, file = 'diffusion_pytorch_model') {
  await mkdir(join(folder, component), { recursive: true })
  const state = new Map(
    [...shapes].map(([name, shape]): [string, Saved] => [
      formerName(name),
      new Saved(storageOf([[name, shape]]), shape, { type: 'FloatStorage', count: countOf(shape) }),
    ]),
  )
  await writeTorchArchive(join(folder, component, `${file}.bin`), state)
}

const formerNames: Readonly<Record<string, string>> = {
  to_q: 'query',
  to_k: 'key',
  to_v: 'value',
  'to_out.0': 'proj_attn',
}

/** The autoencoder's attention had other names before diffusers 0.15. */
function formerName(name: string): string {
  return name.replace(
    /(\.attentions\.\d+\.)(to_q|to_k|to_v|to_out\.0)\./,
    (_, before: string, part: string) => `${before}${formerNames[part]}.`,
  )
}
