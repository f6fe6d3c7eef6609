import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { folder, Named, Saved, safetensors, source, torchArchive, utf8 } from '../../../test/support/checkpoint_files'
import { CheckpointError } from '../../errors'
import { openAuthors } from './authors'
import type { Checkpoint } from './checkpoint'
import { openCheckpoint } from './open_checkpoint'
import { publishedMapping } from './published_mappings'

const fixtures = 'test/fixtures/pipelines/authors'
const [pth, vqvae, config] = ['ithq_learnable.pth', 'ithq_vqvae.pth', 'ithq.yaml'].map(
  (name) => `${fixtures}/checkpoint/${name}`,
)
const golden = JSON.parse(readFileSync(`${fixtures}/golden.json`, 'utf8')).sizes

async function digest({ transformer, vqvae, textEncoder }: Checkpoint): Promise<string> {
  const hash = createHash('sha256')
  for (const { weights } of [transformer, vqvae, textEncoder!])
    for (const [name, shape] of [...weights.shapes].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${name} ${shape}\n`).update(await weights.read(name))
  return hash.digest('hex').slice(0, 16)
}

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
      condition: 'text',
      cross_attention_dim: golden.text,
    })
    expect(checkpoint.vqvae.config).toMatchObject({
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
      'is no checkpoint of VQ-Diffusion\'s authors: it needs a dictionary "model" with the weight "transformer.transformer.content_emb.emb.weight"; it has the keys ["epoch", "model"]',
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

// A small model for classes, in the names of the authors' Condition2ImageTransformer and of taming's VQModel and GumbelVQ.

type Shapes = Record<string, number[]>
const zeros = new Float32Array(2 ** 14)
/** Every weight is a view of the same zeros. */
const saved = (shapes: Shapes, prefix = '') =>
  new Map(Object.entries(shapes).map(([name, shape]): [string, unknown] => [prefix + name, new Saved(zeros, shape)]))
const layer = (name: string, ...shape: number[]): Shapes => ({
  [`${name}.weight`]: shape,
  [`${name}.bias`]: [shape[0]!],
})
const [D, K, T] = [16, 5, 3]

const classTransformer = (classes: number): Shapes => ({
  'content_emb.emb.weight': [K + 1, D],
  'content_emb.height_emb.weight': [8, D],
  'content_emb.width_emb.weight': [8, D],
  'blocks.0.ln1.emb.weight': [T, D],
  ...layer('blocks.0.ln1.linear', 2 * D, D),
  'blocks.0.ln2.emb.weight': [classes, D],
  ...layer('blocks.0.ln2.linear', 2 * D, D),
  ...Object.assign({}, ...['key', 'query', 'value', 'proj'].map((part) => layer(`blocks.0.attn.${part}`, D, D))),
  ...layer('blocks.0.mlp.conv1', 4 * D, D, 3, 3),
  ...layer('blocks.0.mlp.conv2', D, 4 * D, 3, 3),
  ...layer('to_logits.0', D),
  ...layer('to_logits.1', K, D),
})

const C = 32
const resnet = (name: string): Shapes => ({
  ...layer(`${name}.norm1`, C),
  ...layer(`${name}.conv1`, C, C, 3, 3),
  ...layer(`${name}.norm2`, C),
  ...layer(`${name}.conv2`, C, C, 3, 3),
})
const middle = (side: string): Shapes => ({
  ...resnet(`${side}.mid.block_1`),
  ...layer(`${side}.mid.attn_1.norm`, C),
  ...Object.assign({}, ...['q', 'k', 'v', 'proj_out'].map((part) => layer(`${side}.mid.attn_1.${part}`, C, C, 1, 1))),
  ...resnet(`${side}.mid.block_2`),
  ...layer(`${side}.norm_out`, C),
})
/** One level, of two blocks in the decoder. */
const codec = (quantize: Shapes, width = C): Shapes => ({
  ...layer('encoder.conv_in', C, 3, 3, 3),
  ...resnet('encoder.down.0.block.0'),
  ...middle('encoder'),
  ...layer('encoder.conv_out', 4, C, 3, 3),
  ...layer('quant_conv', 6, 4, 1, 1),
  ...quantize,
  ...layer('post_quant_conv', 4, 6, 1, 1),
  ...layer('decoder.conv_in', width, 4, 3, 3),
  ...middle('decoder'),
  ...resnet('decoder.up.0.block.0'),
  ...resnet('decoder.up.0.block.1'),
  ...layer('decoder.conv_out', 3, C, 3, 3),
})
const embedding = (entries: number): Shapes => ({ 'quantize.embedding.weight': [entries, 6] })
const gumbel = (entries: number): Shapes => ({
  'quantize.embed.weight': [entries, 6],
  ...layer('quantize.proj', entries, 6, 1, 1),
})

const optimizer = new Named('torch.optim.adamw', 'AdamW', [
  new Named('numpy.core.multiarray', 'scalar', [new Named('numpy', 'dtype', ['f8'])]),
])
const checkpointOf = (model: Map<string, unknown>, more: Record<string, unknown> = {}) =>
  source(
    'model.pth',
    torchArchive(
      new Map<string, unknown>(Object.entries({ last_epoch: 9, model, ...more, optimizer_and_scheduler: optimizer })),
    ),
  )
const classModel = (classes = 1001) => saved(classTransformer(classes), 'transformer.transformer.')
const codecFile = (shapes: Shapes, prefix = '') =>
  source(
    'codec.pth',
    torchArchive(new Map([['state_dict', saved({ ...shapes, 'loss.discriminator.weight': [4] }, prefix)]])),
  )
const mapping = (codes: number[]) =>
  source('mapping.pt', torchArchive(new Saved(BigInt64Array.from(codes, BigInt), [codes.length])))

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

  it('has no unconditional class where there are 1000', async () => {
    const { transformer } = await openAuthors(checkpointOf(classModel(1000)), { vqvae: codecFile(codec(embedding(K))) })
    expect(transformer.config.num_classes).toBe(1000)
    expect(transformer.config).not.toHaveProperty('unconditional_class')
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

describe('autoencoders', () => {
  const open = (file: ReturnType<typeof source>, more: object = {}) =>
    openAuthors(checkpointOf(classModel()), { vqvae: file, ...more })

  it('reads one inside of the checkpoint', async () => {
    const inside = { enc: /^(encoder|quant_conv|quantize)\./, dec: /^(decoder|post_quant_conv|quantize)\./ }
    const parts = Object.entries(inside).flatMap(([part, names]) =>
      [...saved(codec(embedding(K)))]
        .filter(([name]) => names.test(name))
        .map(([name, value]): [string, unknown] => [`content_codec.${part}.${name}`, value]),
    )
    const { vqvae } = await openAuthors(checkpointOf(new Map([...classModel(), ...parts])))
    expect(vqvae.config).toMatchObject({
      num_vq_embeddings: K,
      block_out_channels: [C],
      latent_channels: 4,
      vq_embed_dim: 6,
      quantizer: 'nearest',
    })
    expect(vqvae.weights.shapes.get('decoder.mid_block.attentions.0.to_q.weight')).toEqual([C, C])
    expect(vqvae.codes).toBeUndefined()
  })

  it.each(['', 'first_stage_model.'])(
    'reads the names of GumbelVQ (prefix "%s") and maps codes to its entries',
    async (prefix) => {
      const { vqvae } = await open(codecFile(codec(gumbel(8)), prefix), { mapping: mapping([0, 0, 1, 2, 0, 3, 4, 1]) })
      expect(vqvae.config).toMatchObject({ num_vq_embeddings: 8, quantizer: 'projection' })
      expect(vqvae.weights.shapes.get('quantize.embedding.weight')).toEqual([8, 6])
      expect(vqvae.weights.shapes.get('quantize.proj.weight')).toEqual([8, 6])
      // The first entry of each code.
      expect([...vqvae.codes!]).toEqual([0, 2, 3, 5, 6])
      expect([...vqvae.codesOfEntries!]).toEqual([0, 0, 1, 2, 0, 3, 4, 1])
    },
  )

  it('knows which entries the published models use', () => {
    // Sums and first values of taming_vqvae_2887.pt and taming_vqvae_974.pt.
    const texts = publishedMapping(8192, 2887)!
    expect([...texts.subarray(0, 16)]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 3, 4, 5, 6, 7, 0])
    expect([texts.length, Math.max(...texts), texts.reduce((sum, code) => sum + code, 0)]).toEqual([
      8192,
      2886,
      (2886 * 2887) / 2,
    ])
    const imagenet = publishedMapping(16384, 974)!
    expect([imagenet.indexOf(1), imagenet.indexOf(2), imagenet.indexOf(9)]).toEqual([23, 66, 134])
    expect([imagenet.length, imagenet.reduce((sum, code) => sum + code, 0)]).toEqual([16384, (973 * 974) / 2])
    expect(createHash('sha256').update(texts).update(imagenet).digest('hex').slice(0, 16)).toBe('261e9df6df2215e3')
    expect(publishedMapping(8192, 2886)).toBeUndefined()
  })

  it.each([
    [
      'more entries than codes',
      codecFile(codec(embedding(8))),
      {},
      'codec.pth has a codebook of 8 entries, and the transformer 5 codes: it is another autoencoder, or the file that maps its entries to codes is needed (--mapping)',
    ],
    [
      'a mapping of another codebook',
      codecFile(codec(embedding(8))),
      { mapping: mapping([0, 1, 2, 3, 4]) },
      'mapping.pt needs to hold one tensor of 8 codes',
    ],
    [
      'a mapping to other codes',
      codecFile(codec(embedding(8))),
      { mapping: mapping([0, 1, 2, 3, 4, 5, 0, 0]) },
      'mapping.pt needs codes from 0 to 4',
    ],
    [
      'a mapping without a code',
      codecFile(codec(embedding(8))),
      { mapping: mapping([0, 1, 2, 3, 0, 0, 0, 0]) },
      'mapping.pt has no entry of the codebook for code 4',
    ],
    [
      'a mapping that calls',
      codecFile(codec(embedding(8))),
      { mapping: source('m.pt', torchArchive(new Named('posix', 'system', ['x']))) },
      'asks for "posix.system"',
    ],
    [
      'another width',
      codecFile(codec(embedding(K), 64)),
      {},
      'has the weight "decoder.conv_in.weight" of shape [64, 4, 3, 3]',
    ],
    [
      'safetensors',
      source('c.safetensors', safetensors({}, new Uint8Array(0))),
      {},
      'c.safetensors needs to be an archive of torch.save; given safetensors',
    ],
  ])('refuses %s', async (_, file, more, message) => {
    await expect(open(file, more)).rejects.toThrow(message)
    await expect(open(file, more)).rejects.toBeInstanceOf(CheckpointError)
    expect(file.closed).toBe(true)
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
