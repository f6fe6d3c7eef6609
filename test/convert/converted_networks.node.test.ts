import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-web'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkModel } from '../../src/convert/check/check_model'
import { runNetwork } from '../../src/convert/check/networks'
import { faultsOf, reportLines } from '../../src/convert/check/report'
import type { Checkpoint } from '../../src/convert/checkpoint/checkpoint'
import { type ConvertOptions, convertCheckpoint } from '../../src/convert/write/convert'
import { goldenCases, openGolden } from './golden'
import { largestError, networkCase, networkNames } from './golden_networks'
import { classConditionalCheckpoint } from './random_checkpoint'

let parent: string
beforeAll(async () => {
  ort.env.wasm.numThreads = 1
  parent = await mkdtemp(join(tmpdir(), 'converted-'))
})
afterAll(() => rm(parent, { recursive: true }))

async function converted(checkpoint: Checkpoint, name: string, options: Partial<ConvertOptions>): Promise<string> {
  const out = join(parent, name)
  const defaults = { dtype: 'f32', attention: 'fused', encoder: true, shardBytes: 2 ** 20, command: 'npx' } as const
  await convertCheckpoint(checkpoint, out, { name, source: name, ...defaults, ...options })
  return out
}

/** What float32 rounding may do to states, logits and pixels of about 1. */
const tolerance = 2e-5

describe.each([
  ['published', 'fused', 2 ** 20],
  ['current', 'plain', 2 ** 20],
  ['sharded', 'fused', 200_000],
  ['authors', 'plain', 2 ** 20],
  ['authors_coco', 'fused', 2 ** 20],
  ['authors_imagenet', 'plain', 2 ** 20],
  ['half', 'plain', 2 ** 20],
  ['half_bin', 'fused', 2 ** 20],
] as const)('the golden pipeline %s, converted with %s attention', (name, attention, shardBytes) => {
  let folder: string
  let cases: Awaited<ReturnType<typeof goldenCases>>
  beforeAll(async () => {
    const checkpoint = await openGolden(name)
    cases = await goldenCases(name)
    folder = await converted(checkpoint, name, { attention, shardBytes })
    await checkpoint.close()
  })

  // A model for classes has no text encoder.
  const networks = networkNames.filter((network) => network !== 'text' || name !== 'authors_imagenet')
  it.each(networks)('computes what the real code does: %s', async (network) => {
    const { path, inputs, reference, valuesOf } = networkCase(cases, network)
    const { data, dims } = await runNetwork(ort, folder, path, inputs)
    expect(dims).toEqual(reference.shape)
    // Of the encoder's tokens, all are the same.
    expect(largestError(valuesOf(data), reference)).toBeLessThan(network === 'encoder' ? 1 : tolerance)
  })
})

describe('p(x₀) of quantised weights', () => {
  it.each([
    // Of its 100 timesteps the others take too long.
    ['published', 'q8', { count: 12, every: 9 }, 1e-3],
    ['current', 'q8', { count: 12 }, 1e-3],
    ['sharded', 'q8', { count: 20 }, 1e-3],
    ['authors', 'q8', { count: 10 }, 1e-3],
    ['authors_coco', 'q8', { count: 10 }, 1e-3],
    ['half', 'q8', { count: 7 }, 1e-3],
    ['half_bin', 'q8', { count: 5 }, 1e-3],
    // No bound of the converter: what these random weights give is 0.009.
    ['current', 'q4', { count: 12 }, 2e-2],
  ] as const)(
    'of %s diverges little from that of the checkpoint with %s, at the timesteps %o',
    async (name, dtype, { count, every }: { count: number; every?: number }, limit) => {
      const timesteps = Array.from({ length: count }, (_, i) => i * (every ?? 1))
      const checkpoint = await openGolden(name)
      const folder = await converted(checkpoint, `${name}-${dtype}`, { dtype })
      // All, unless some are chosen.
      const report = await checkModel(checkpoint, folder, ort, every ? { timesteps } : {})
      await checkpoint.close()
      expect(report.divergences.map(({ timestep }) => timestep)).toEqual(timesteps)
      for (const { mean } of report.divergences) expect(mean).toBeLessThan(limit)
      expect(faultsOf(report, dtype)).toEqual([])
      const lines = reportLines(report)
      expect(lines).toContainEqual(expect.stringMatching(/^encoder +0 of \d+ codes differ$/))
      expect(lines.slice(-2)).toEqual([`  the worst of ${count} timesteps:`, expect.stringMatching(/t = .* mean \d/)])
    },
  )
})

describe('a class-conditional model', () => {
  it.each(['f32', 'f16'] as const)('is converted to %s', async (dtype) => {
    const checkpoint = classConditionalCheckpoint()
    const folder = await converted(checkpoint, `classes-${dtype}`, { dtype })
    const report = await checkModel(checkpoint, folder, ort)
    expect(faultsOf(report, dtype)).toEqual([])
    expect(report.logits.relative).toBeLessThan(dtype === 'f32' ? 1e-6 : 2e-3)
    if (dtype === 'f32') expect(report.codes).toMatchObject({ different: 0, of: 12 })
    const index = JSON.parse(await readFile(join(folder, 'model_index.json'), 'utf8'))
    expect(index).toMatchObject({
      num_classes: 7,
      unconditional_class: 7,
      latent_height: 4,
      latent_width: 3,
      image_width: 6,
    })
    expect(index).not.toHaveProperty('tokenizer')
  })

  it('fails its check if the encoder is another', async () => {
    const checkpoint = classConditionalCheckpoint()
    const folder = await converted(checkpoint, 'other-encoder', {})
    const { codesOfEntries } = checkpoint.vqvae!
    const vqvae = { ...checkpoint.vqvae!, codesOfEntries: codesOfEntries!.map((code) => (code + 1) % 12) }
    const faults = faultsOf(await checkModel({ ...checkpoint, vqvae }, folder, ort), 'f32')
    expect(faults).toEqual(["The encoder's codes differ for 12 of 12 latent pixels."])
  })

  it('fails its check if a weight is changed', async () => {
    const checkpoint = classConditionalCheckpoint()
    const folder = await converted(checkpoint, 'other', {})
    const { weights } = checkpoint.transformer
    const read = async (name: string) =>
      (await weights.read(name)).map((value) => (name === 'out.bias' ? -value : value))
    const changed = { ...checkpoint, transformer: { ...checkpoint.transformer, weights: { ...weights, read } } }
    expect(faultsOf(await checkModel(changed, folder, ort), 'f32')).toEqual([
      expect.stringContaining("The denoiser's error is"),
    ])
  })
})
