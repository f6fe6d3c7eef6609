import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { digest, folder, json, safetensors, utf8 } from '../../../test/support/checkpoint_files'
import { CheckpointError } from '../../errors'
import { openDiffusers } from './diffusers'
import { openCheckpoint } from './open_checkpoint'

const fixtures = 'test/fixtures/pipelines'

const sizes = (name: string) => JSON.parse(readFileSync(`${fixtures}/${name}/golden.json`, 'utf8')).sizes

describe('folders of diffusers', () => {
  // The digests were those of an independent reader too, when they were written down.
  it.each([
    ['published', 254, '00d48c3fb97ce004', '0.9.0.dev0'],
    ['current', 350, 'dd9985920a4346f0', '0.40.0'],
    ['sharded', 338, '3349de9c267dd056', '0.40.0'],
    ['half', 238, '521484de1356003f', '0.40.0, without learned unconditional embeddings'],
    ['half_bin', 338, '86ea9013b8ba0a5d', '0.9.0.dev0'],
  ])('reads %s', async (name, count, expected, version) => {
    const checkpoint = await openCheckpoint(`${fixtures}/${name}/pipeline`)
    const s = sizes(name)
    expect(checkpoint.description).toBe(`diffusers' VQDiffusionPipeline of version ${version}`)
    expect(checkpoint.transformer.config).toEqual({
      num_attention_heads: s.heads,
      attention_head_dim: s.head_dim,
      num_layers: s.layers,
      num_vector_embeds: s.classes,
      num_embeds_ada_norm: s.steps,
      attention_bias: true,
      latent_height: s.side,
      latent_width: s.side,
      ff_mult: 4,
      feed_forward: 'linear',
      activation: 'quick_gelu',
      sequence: 'by rows',
      condition: 'text',
      cross_attention_dim: s.text,
    })
    const levels = s.channels.length
    expect(checkpoint.vqvae!.config).toEqual({
      in_channels: 3,
      out_channels: 3,
      block_out_channels: s.channels,
      down_attention: s.channels.map((_: number, level: number) => level === levels - 1),
      up_attention: s.channels.map((_: number, level: number) => level === 0),
      layers_per_block: s.per_block,
      latent_channels: s.latent,
      vq_embed_dim: s.embed,
      num_vq_embeddings: s.classes - 1,
      norm_num_groups: s.groups,
      quantizer: 'nearest',
    })
    expect(checkpoint.textEncoder!.config).toMatchObject({
      hidden_size: s.text,
      num_hidden_layers: s.text_layers,
      num_attention_heads: s.text_heads,
      max_position_embeddings: s.length,
      hidden_act: 'quick_gelu',
    })
    expect(checkpoint.textLength).toBe(s.length)
    expect(checkpoint.scheduler).toMatchObject({ num_vec_classes: s.classes, num_train_timesteps: s.steps })
    expect(checkpoint.learnedEmbeddings?.shape).toEqual(s.learnable ? [s.length, s.text] : undefined)
    expect(checkpoint.tokenizer!.specialPadToken).toBe('!')
    expect(Buffer.from(checkpoint.tokenizer!.vocab)).toEqual(
      readFileSync(`${fixtures}/${name}/pipeline/tokenizer/vocab.json`),
    )
    const { transformer, vqvae, textEncoder } = checkpoint
    expect([transformer, vqvae!, textEncoder!].reduce((sum, { weights }) => sum + weights.shapes.size, 0)).toBe(count)
    expect(await digest(checkpoint)).toBe(expected)
    await expect(transformer.weights.read('gone')).rejects.toThrow('transformer has no weight "gone".')
    await checkpoint.close()
  })
})

/** The files of the folder `current`. */
const current = Object.fromEntries(
  readdirSync(`${fixtures}/current/pipeline`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }): [string, Uint8Array] => {
      const path = `${parentPath}/${name}`
      return [path.slice(`${fixtures}/current/pipeline/`.length), new Uint8Array(readFileSync(path))]
    }),
)
type Json = Record<string, unknown>
const jsonOf = (path: string): Json => JSON.parse(new TextDecoder().decode(current[path]))
/** The folder with some keys of a JSON file changed. */
const changed = (path: string, change: Json) => ({ ...current, [path]: json({ ...jsonOf(path), ...change }) })
const without = (...paths: string[]) =>
  Object.fromEntries(Object.entries(current).filter(([path]) => !paths.some((gone) => path.startsWith(gone))))
const open = async (files: Record<string, Uint8Array>) => openDiffusers(folder(files))

const embeddings = 'learned_classifier_free_sampling_embeddings'
const tensor = (name: string, shape: number[]) => {
  const bytes = new Uint8Array(4 * shape.reduce((a, b) => a * b, 1))
  return safetensors({ [name]: { dtype: 'F32', shape, data_offsets: [0, bytes.length] } }, bytes)
}

describe('other folders of diffusers', () => {
  it.each([
    ['no norm_type', changed('transformer/config.json', { norm_type: undefined })],
    ['norm_type "layer_norm"', changed('transformer/config.json', { norm_type: 'layer_norm' })],
    [
      'any module in model_index.json',
      changed('model_index.json', { transformer: ['somewhere', 'Anything'], _ignored: 1 }),
    ],
  ])('reads %s', async (_, files) => {
    expect(await digest(await open(files))).toBe(await digest(await open(current)))
  })

  it.each([
    [
      'learnable: false',
      {
        ...changed(`${embeddings}/config.json`, { learnable: false }),
        [`${embeddings}/diffusion_pytorch_model.safetensors`]: tensor('embeddings', [0]),
      },
    ],
    ['no such component', changed('model_index.json', { [embeddings]: undefined })],
    ['an empty component', changed('model_index.json', { [embeddings]: [null, null] })],
  ])('reads unconditional embeddings that were not learned: %s', async (_, files) => {
    const checkpoint = await open(files)
    expect(checkpoint.learnedEmbeddings).toBeUndefined()
    expect(checkpoint.description).toBe(
      "diffusers' VQDiffusionPipeline of version 0.40.0, without learned unconditional embeddings",
    )
  })

  it('reads a vocabulary from tokenizer.json', async () => {
    const model = { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [['a', 'b'], 'ab c'] }
    const files = {
      ...without('tokenizer/vocab.json', 'tokenizer/merges.txt'),
      'tokenizer/tokenizer.json': json({ model }),
    }
    const { tokenizer } = await open(files)
    expect(new TextDecoder().decode(tokenizer!.vocab)).toBe('{"a":0,"b":1}')
    expect(new TextDecoder().decode(tokenizer!.merges)).toBe('#version: 0.2\na b\nab c\n')
  })

  const transformer = (change: Json) => changed('transformer/config.json', change)
  const vqvae = (change: Json) => changed('vqvae/config.json', change)

  it.each([
    [
      'another pipeline',
      changed('model_index.json', { _class_name: 'StableDiffusionPipeline' }),
      'folder holds another pipeline than VQDiffusionPipeline: "StableDiffusionPipeline" (string)',
    ],
    ['no index', without('model_index.json'), 'folder needs a model_index.json, as diffusers writes it; it has {'],
    [
      'an index that is a web page',
      { ...current, 'model_index.json': utf8('<!doctype html>') },
      'model_index.json needs to be a JSON file; given a web page',
    ],
    ['a list for an index', { ...current, 'model_index.json': utf8('[]') }, 'needs to be a JSON object'],
    ['no transformer', without('transformer/'), 'folder has no file transformer/config.json'],
    ['no weights', without('vqvae/diffusion'), 'folder/vqvae needs weights'],
    [
      'a pointer of Git LFS',
      {
        ...current,
        'transformer/diffusion_pytorch_model.safetensors': utf8('version https://git-lfs.github.com/spec/v1\n'),
      },
      'given a Git LFS pointer',
    ],
    [
      'another transformer',
      transformer({ _class_name: 'UNet2DModel' }),
      'transformer/config.json needs a Transformer2DModel, as VQ-Diffusion has; given "UNet2DModel"',
    ],
    [
      'another norm',
      transformer({ norm_type: 'ada_norm_zero' }),
      'needs norm_type: "ada_norm" or "layer_norm"; given "ada_norm_zero"',
    ],
    [
      'another activation',
      transformer({ activation_fn: 'geglu' }),
      'needs activation_fn: "geglu-approximate"; given "geglu"',
    ],
    ['continuous input', transformer({ in_channels: 4 }), 'needs in_channels: to be absent; given 4'],
    [
      'no classes',
      transformer({ num_vector_embeds: null }),
      'needs num_vector_embeds: an integer of at least 1; given null',
    ],
    [
      'more layers than there are',
      transformer({ num_layers: 2 ** 40 }),
      'lacks the weight "transformer_blocks.2.norm1.emb.weight"',
    ],
    [
      'fewer layers than there are',
      transformer({ num_layers: 1 }),
      'has 28 weight(s) that the transformer does not have, "transformer_blocks.1',
    ],
    [
      'other heads',
      transformer({ num_attention_heads: 5 }),
      'has the weight "latent_image_embedding.emb.weight" of shape [33, 96]; the transformer of its configuration needs [33, 120]',
    ],
    ['another grid', transformer({ sample_size: 5 }), 'has position tables of 6 by 6; sample_size is 5'],
    ['a fractional size', transformer({ sample_size: 5.5 }), 'needs sample_size: an integer of at least 1; given 5.5'],
    [
      'another number of codes',
      vqvae({ num_vq_embeddings: 31 }),
      'of shape [32, 16]; the autoencoder of its configuration needs [31, 16]',
    ],
    [
      'other classes in the scheduler',
      changed('scheduler/scheduler_config.json', { num_vec_classes: 34 }),
      'needs equal numbers of classes of the transformer and of the scheduler; given 33 and 34',
    ],
    [
      'other timesteps in the scheduler',
      changed('scheduler/scheduler_config.json', { num_train_timesteps: 13 }),
      'timesteps of the transformer and of the scheduler; given 12 and 13',
    ],
    ['a spatial norm', vqvae({ norm_type: 'spatial' }), 'needs norm_type: "group"; given "spatial"'],
    [
      'other blocks',
      vqvae({ up_block_types: ['UpBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'] }),
      'needs up_block_types: a list of 3 items',
    ],
    [
      'attention where there is none',
      vqvae({ down_block_types: Array(3).fill('AttnDownEncoderBlock2D') }),
      'lacks the weight "encoder.down_blocks.0.attentions.0.group_norm.weight"',
    ],
    [
      'no attention where there is some',
      vqvae({ down_block_types: Array(3).fill('DownEncoderBlock2D') }),
      'weight(s) that the autoencoder does not have',
    ],
    ['groups that do not divide', vqvae({ norm_num_groups: 3 }), 'needs block_out_channels: multiples of 3 groups'],
    ['another text encoder', changed('text_encoder/config.json', { model_type: 't5' }), 'needs model_type'],
    ['no vocabulary', without('tokenizer/'), 'folder has no file tokenizer/tokenizer.json'],
    [
      'embeddings of another length',
      { ...current, [`${embeddings}/diffusion_pytorch_model.safetensors`]: tensor('embeddings', [15, 32]) },
      'needs the tensor "embeddings" of shape [16, 32], as the text has; given [15, 32]',
    ],
    ['learned embeddings that are missing', without(`${embeddings}/diffusion`), `folder/${embeddings} needs weights`],
  ])('refuses %s', async (_, files, message) => {
    await expect(open(files as Record<string, Uint8Array>)).rejects.toThrow(message)
    await expect(open(files as Record<string, Uint8Array>)).rejects.toBeInstanceOf(CheckpointError)
  })
})
