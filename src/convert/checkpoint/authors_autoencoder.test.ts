import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  C,
  checkpointOf,
  classModel,
  codec,
  codecFile,
  embedding,
  gumbel,
  K,
  mapping,
  saved,
} from '../../../test/support/authors_model'
import { Named, safetensors, source, torchArchive } from '../../../test/support/checkpoint_files'
import { CheckpointError } from '../../errors'
import { openAuthors } from './authors'
import { publishedMapping } from './published_mappings'

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
    expect(vqvae!.config).toMatchObject({
      num_vq_embeddings: K,
      block_out_channels: [C],
      latent_channels: 4,
      vq_embed_dim: 6,
      quantizer: 'nearest',
    })
    expect(vqvae!.weights.shapes.get('decoder.mid_block.attentions.0.to_q.weight')).toEqual([C, C])
    expect(vqvae!.codes).toBeUndefined()
  })

  it.each(['', 'first_stage_model.'])(
    'reads the names of GumbelVQ (prefix "%s") and maps codes to its entries',
    async (prefix) => {
      const { vqvae } = await open(codecFile(codec(gumbel(8)), prefix), { mapping: mapping([0, 0, 1, 2, 0, 3, 4, 1]) })
      expect(vqvae!.config).toMatchObject({ num_vq_embeddings: 8, quantizer: 'projection' })
      expect(vqvae!.weights.shapes.get('quantize.embedding.weight')).toEqual([8, 6])
      expect(vqvae!.weights.shapes.get('quantize.proj.weight')).toEqual([8, 6])
      // The first entry of each code.
      expect([...vqvae!.codes!]).toEqual([0, 2, 3, 5, 6])
      expect([...vqvae!.codesOfEntries!]).toEqual([0, 0, 1, 2, 0, 3, 4, 1])
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
