import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Checkpoint } from '../../../src/convert/checkpoint/checkpoint'
import { openCheckpoint } from '../../../src/convert/checkpoint/open_checkpoint'
import { randomWeights } from '../random_weights'
import { authorsFiles, writeAuthorsFiles } from './authors_files'
import { clipVocabulary } from './clip_vocabulary'
import { writeDiffusersFolder } from './diffusers_folder'
import { coco, ithq, type ModelShape } from './models'
import { numWeights, shapesOf } from './network_tensors'

/** Numbers of weights of the published checkpoints. */
it.each([
  ['ITHQ', ithq, [1_359_274_624, 64_009_667, 63_165_952]],
  // The autoencoder has 66,890,627 of a VQGAN and the projection's 2,105,344.
  ['COCO', coco, [388_780_871, 68_995_971, 63_165_952]],
])('%s has as many weights as the published one', (_, model, expected) => {
  const { transformer, vqvae, textEncoder } = shapesOf(model)
  expect([transformer, vqvae, textEncoder].map(numWeights)).toEqual(expected)
})

it("has as many tokens as CLIP's, each of two that are there before", () => {
  const { vocab, merges } = clipVocabulary(49408)
  const tokens = JSON.parse(vocab) as Record<string, number>
  expect(Object.values(tokens).sort((a, b) => a - b)).toEqual(Array.from({ length: 49408 }, (_, id) => id))
  const lines = merges.trim().split('\n').slice(1)
  expect(lines).toHaveLength(48894)
  for (const [i, line] of lines.entries()) {
    const [left, right] = line.split(' ') as [string, string]
    if (!(tokens[left]! < 512 + i && tokens[right]! < 512 + i && tokens[left + right] === 512 + i))
      expect.fail(`${line} is no merge`)
  }
})

describe('small ones', () => {
  const small = ({ transformer, vqvae, textEncoder }: ModelShape): ModelShape => ({
    transformer: {
      ...transformer,
      attention_head_dim: 1,
      num_layers: 2,
      num_vector_embeds: 25,
      num_embeds_ada_norm: 4,
      cross_attention_dim: 64,
    },
    vqvae: {
      ...vqvae,
      block_out_channels: [32, 32],
      down_attention: [false, true],
      up_attention: [true, false],
      latent_channels: 8,
      vq_embed_dim: 6,
      num_vq_embeddings: 24,
    },
    textEncoder: {
      ...textEncoder,
      vocab_size: 520,
      hidden_size: 64,
      intermediate_size: 96,
      num_hidden_layers: 2,
      num_attention_heads: 1,
    },
  })
  let parent: string
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'full-size-'))
  })
  afterAll(() => rm(parent, { recursive: true }))

  /** Expects the weights that the model's shapes give, but for the rounding of those that are float16. */
  async function expectWeights(checkpoint: Checkpoint, model: ModelShape, half: RegExp) {
    const shapes = shapesOf(model)
    for (const network of ['transformer', 'vqvae', 'textEncoder'] as const) {
      const { weights } = checkpoint[network]!
      const random = randomWeights(shapes[network])
      expect(weights.shapes).toEqual(random.shapes)
      for (const name of weights.shapes.keys()) {
        const [read, expected] = await Promise.all([weights.read(name), random.read(name)])
        // The rounding of float16, of its smallest numbers too.
        const [relative, absolute] = half.test(name) ? [2 ** -11, 2 ** -25] : [0, 0]
        const isSame = read.every((value, i) => Math.abs(value - expected[i]!) <= relative * Math.abs(value) + absolute)
        if (!isSame) expect.fail(`${name} is another`)
      }
    }
    await checkpoint.close()
  }

  it('is read as a folder of diffusers', async () => {
    const folder = join(parent, 'ithq')
    const model = small(ithq)
    await writeDiffusersFolder(folder, model)
    const checkpoint = await openCheckpoint(folder)
    expect(checkpoint).toMatchObject({
      transformer: { config: model.transformer },
      vqvae: { config: model.vqvae },
      textEncoder: { config: model.textEncoder },
      learnedEmbeddings: { shape: [77, 64] },
    })
    await expectWeights(checkpoint, model, /^$/)
  })

  it("is read as files of the authors' code", async () => {
    const folder = join(parent, 'coco')
    const model = small(coco)
    await writeAuthorsFiles(folder, model)
    const path = (file: keyof typeof authorsFiles) => join(folder, authorsFiles[file])
    const checkpoint = await openCheckpoint(path('model'), { vqvae: path('vqvae'), tokenizer: path('tokenizer') })
    expect(checkpoint).toMatchObject({
      transformer: { config: model.transformer },
      vqvae: { config: model.vqvae },
      textEncoder: { config: model.textEncoder },
    })
    expect(checkpoint.learnedEmbeddings).toBeUndefined()
    await expectWeights(checkpoint, model, /^text_model\.encoder\..*(self_attn|mlp)/)
  })
})
