import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  checkpointOf,
  classModel,
  classTransformer,
  codec,
  codecFile,
  D,
  embedding,
  K,
  layer,
  type Shapes,
  saved,
  T,
} from '../../../test/support/authors_model'
import { digest, folder, Saved, source, utf8 } from '../../../test/support/checkpoint_files'
import { CheckpointError } from '../../errors'
import { openAuthors } from './authors'
import { openCheckpoint } from './open_checkpoint'

const fixtures = 'test/fixtures/pipelines/authors'
const [pth, vqvae, config] = ['ithq_learnable.pth', 'ithq_vqvae.pth', 'ithq.yaml'].map(
  (name) => `${fixtures}/checkpoint/${name}`,
)
const golden = JSON.parse(readFileSync(`${fixtures}/golden.json`, 'utf8')).sizes

describe("the authors' published layout", () => {
  it('reads averaged weights, CLIP and the autoencoder', async () => {
    const checkpoint = await openCheckpoint(pth!, {
      vqvae: vqvae!,
      config: config!,
      tokenizer: `${fixtures}/tokenizer`,
    })
    expect(checkpoint.description).toBe("a checkpoint of the authors' code for texts, averaged weights (ema)")
    expect(checkpoint.transformer.config).toEqual({
      num_attention_heads: golden.heads,
      attention_head_dim: golden.head_dim,
      num_layers: golden.layers,
      num_vector_embeds: golden.classes,
      num_embeds_ada_norm: golden.steps,
      attention_bias: true,
      latent_height: golden.side,
      latent_width: golden.side,
      ff_mult: 4,
      feed_forward: 'linear',
      activation: 'quick_gelu',
      sequence: 'by rows',
      condition: 'text',
      cross_attention_dim: golden.text,
    })
    expect(checkpoint.vqvae!.config).toMatchObject({
      block_out_channels: golden.channels,
      latent_channels: golden.latent,
      vq_embed_dim: golden.embed,
      num_vq_embeddings: golden.classes - 1,
      layers_per_block: golden.per_block,
      norm_num_groups: golden.groups,
      down_attention: [false, true],
      up_attention: [true, false],
    })
    expect(checkpoint.textEncoder!.config).toMatchObject({
      num_hidden_layers: golden.text_layers,
      num_attention_heads: golden.text_heads,
    })
    expect(checkpoint.textLength).toBe(golden.length)
    expect(checkpoint.learnedEmbeddings!.shape).toEqual([golden.length, golden.text])
    expect(checkpoint.scheduler).toMatchObject({ num_vec_classes: golden.classes, num_train_timesteps: golden.steps })
    // Its "!" is an ordinary token.
    expect(checkpoint.tokenizer).not.toHaveProperty('specialPadToken')
    // As an independent reader's.
    expect(await digest(checkpoint)).toBe('1ba0bb6a08f63d6b')
    await checkpoint.close()
    await expect(checkpoint.transformer.weights.read('out.bias')).rejects.toThrow()
  })

  it('knows 16 heads where no configuration is given', async () => {
    const checkpoint = await openCheckpoint(pth!, { vqvae: vqvae! })
    expect(checkpoint.transformer.config).toMatchObject({ num_attention_heads: 16, attention_head_dim: 1 })
    expect(checkpoint.tokenizer).toBeUndefined()
    await checkpoint.close()
  })

  it.each([
    ['no autoencoder', pth!, {}, 'does not hold the autoencoder: give its file as well (--vqvae)'],
    [
      'an autoencoder that is none',
      pth!,
      { vqvae: pth! },
      'ithq_learnable.pth holds no autoencoder: it needs the weight "decoder.conv_in.weight"',
    ],
    [
      'an autoencoder alone',
      vqvae!,
      {},
      'is no checkpoint of VQ-Diffusion\'s authors: it needs a dictionary "model" with the weight "transformer.transformer.content_emb.emb.weight", or for LayoutDM the weight "model.module.transformer.cat_emb.weight"; it has the keys ["epoch", "model"]',
    ],
    [
      'a configuration that is none',
      pth!,
      { vqvae: vqvae!, config: `${fixtures}/checkpoint/config.yaml` },
      "is no configuration of VQ-Diffusion's authors: it needs n_head",
    ],
    [
      'a folder with --vqvae',
      fixtures,
      { vqvae: vqvae! },
      'is a folder, which takes no --vqvae: that goes with a .pth file',
    ],
    ['a folder for a file', pth!, { vqvae: fixtures }, 'needs to be a file'],
    ['a missing file', 'gone.pth', {}, 'gone.pth cannot be opened: ENOENT'],
    ['a missing autoencoder', pth!, { vqvae: 'gone.pth' }, 'gone.pth cannot be opened: ENOENT'],
  ])('refuses %s', async (_, path, paths, message) => {
    await expect(openCheckpoint(path, paths)).rejects.toThrow(message)
    await expect(openCheckpoint(path, paths)).rejects.toBeInstanceOf(CheckpointError)
  })
})

describe('a model for classes', () => {
  it('reads its second AdaLN, its convolutions, and the grid of half the table of positions', async () => {
    const { transformer, textEncoder, textLength, description } = await openAuthors(checkpointOf(classModel()), {
      vqvae: codecFile(codec(embedding(K))),
    })
    expect(description).toBe("a checkpoint of the authors' code for 1000 classes")
    expect(transformer.config).toEqual({
      num_attention_heads: 16,
      attention_head_dim: 1,
      num_layers: 1,
      num_vector_embeds: K + 1,
      num_embeds_ada_norm: T,
      attention_bias: true,
      latent_height: 4,
      latent_width: 4,
      ff_mult: 4,
      feed_forward: 'convolution',
      activation: 'quick_gelu',
      sequence: 'by rows',
      condition: 'class',
      num_classes: 1000,
      unconditional_class: 1000,
    })
    const { shapes } = transformer.weights
    expect(shapes.get('transformer_blocks.0.norm3.emb.weight')).toEqual([1001, D])
    expect(shapes.get('transformer_blocks.0.ff.conv1.weight')).toEqual([4 * D, D, 3, 3])
    expect(shapes.get('transformer_blocks.0.attn1.to_out.0.weight')).toEqual([D, D])
    expect(textEncoder ?? textLength).toBeUndefined()
  })

  it('has the mean of the embeddings for the class of none where it was not trained', async () => {
    const table = Float32Array.from({ length: 3 * D }, (_, at) => Math.floor(at / D) * 10 + (at % D))
    const model = new Map([
      ...classModel(3),
      ['transformer.transformer.blocks.0.ln2.emb.weight', new Saved(table, [3, D])] as const,
    ])
    const { transformer } = await openAuthors(checkpointOf(model), { vqvae: codecFile(codec(embedding(K))) })
    expect(transformer.config).toMatchObject({ num_classes: 3, unconditional_class: 3, unconditional_is_mean: true })
    const name = 'transformer_blocks.0.norm3.emb.weight'
    expect(transformer.weights.shapes.get(name)).toEqual([4, D])
    expect(await transformer.weights.read(name)).toEqual(Float32Array.of(...table, ...table.slice(D, 2 * D)))
  })

  it.each([
    [
      'more classes than the authors have',
      classTransformer(1002),
      'of shape [1002, 16]; the transformer of its configuration needs [1001, 16]',
    ],
    [
      'a class table of another rank',
      { ...classTransformer(3), 'blocks.0.ln2.emb.weight': [3] },
      'of shape [3]; the transformer of its configuration needs [4, 16]',
    ],
  ])('refuses %s', async (_, shapes, message) => {
    const model = saved(shapes as Shapes, 'transformer.transformer.')
    await expect(openAuthors(checkpointOf(model), { vqvae: codecFile(codec(embedding(K))) })).rejects.toThrow(message)
  })

  it('reads heads and grid of a configuration', async () => {
    for (const grid of [
      '[2, 2]',
      '!!python/tuple [2, 2]',
      '\n            - 2\n            - 2',
      '!!python/tuple\n            - 2\n            - 2',
    ]) {
      const yaml = source(
        'c.yaml',
        utf8(`model:\n  n_head: 8  # heads\n  block_activate: GELU2\n  content_spatial_size: ${grid}\n`),
      )
      const { transformer } = await openAuthors(checkpointOf(classModel()), {
        vqvae: codecFile(codec(embedding(K))),
        config: yaml,
      })
      expect(transformer.config).toMatchObject({
        num_attention_heads: 8,
        attention_head_dim: 2,
        latent_height: 2,
        latent_width: 2,
      })
    }
  })

  it('takes averaged weights instead of the others', async () => {
    const ema = new Map<string, unknown>([
      ['transformer.to_logits.1.bias', new Saved(Float32Array.of(1, 2, 3, 4, 5), [K])],
    ])
    const { transformer } = await openAuthors(checkpointOf(classModel(), { ema }), {
      vqvae: codecFile(codec(embedding(K))),
    })
    expect([...(await transformer.weights.read('out.bias'))]).toEqual([1, 2, 3, 4, 5])
    expect([...(await transformer.weights.read('norm_out.bias'))]).toEqual(Array(D).fill(0))
  })
})

describe("other networks of the authors' code", () => {
  const refused = async (shapes: Shapes, message: string, yaml?: string) => {
    const files = {
      vqvae: codecFile(codec(embedding(K))),
      ...(yaml && { config: source('c.yaml', utf8(yaml)) }),
      tokenizer: folder({}),
    }
    const result = openAuthors(checkpointOf(saved(shapes, 'transformer.transformer.')), files)
    await expect(result).rejects.toThrow(message)
    await expect(result).rejects.toBeInstanceOf(CheckpointError)
  }
  const model = classTransformer(1000)
  const without = (pattern: RegExp) => Object.fromEntries(Object.entries(model).filter(([name]) => !pattern.test(name)))

  it.each([
    [
      'without a condition',
      { ...without(/\.ln2\./), ...layer('blocks.0.ln2', D) },
      'holds a network without a text and without classes, which is not supported',
    ],
    ['with sines of timesteps', without(/ln1\.emb/), 'embeds timesteps by sines'],
    [
      'with an unknown layer',
      { ...model, 'blocks.0.gate.weight': [D] },
      'has 1 weight(s) that the transformer does not have, "transformer_blocks.0.gate.weight" the first',
    ],
    ['with a missing layer', without(/proj\.bias/), 'lacks the weight "transformer_blocks.0.attn1.to_out.0.bias"'],
    [
      'with layers of another shape',
      { ...model, 'blocks.0.attn.key.bias': [D + 1] },
      'of shape [17]; the transformer of its configuration needs [16]',
    ],
    ['without positions', without(/height_emb/), 'lacks the positions content_emb.height_emb'],
  ])('are refused: %s', (_, shapes, message) => refused(shapes as Shapes, message))

  it.each([
    [
      'another activation',
      'block_activate: GELU',
      'c.yaml needs block_activate: GELU2; given "GELU", which is not supported',
    ],
    ['instance norms', "timestep_type: 'adainsnorm'", 'c.yaml needs timestep_type: adalayernorm; given "adainsnorm"'],
    ['heads that do not divide', '', 'has the width 16, no multiple of 3 heads'],
    [
      'a grid beyond the positions',
      'content_spatial_size: [9, 9]',
      'has positions for 8 by 8 latent pixels; its configuration says 9 by 9',
    ],
    ['a grid that is no square', 'content_spatial_size: [2, 4]', 'convolves over latent pixels that are no square'],
  ])('are refused by their configuration: %s', (what, line, message) =>
    refused(model, message, `n_head: ${what.startsWith('heads') ? 3 : 16}\n${line}\n`),
  )
})
