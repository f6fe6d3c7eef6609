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
import { type GoldenArray, goldenCases, openGolden } from './golden'
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

const integers = ({ data, shape }: GoldenArray) => ({ data: Int32Array.from(data), dims: shape })
const floats = ({ data, shape }: GoldenArray) => ({ data: Float32Array.from(data), dims: shape })

function largestError(values: ArrayLike<number>, reference: ArrayLike<number>): number {
  expect(values.length).toBe(reference.length)
  return Array.from(reference).reduce((largest, value, i) => Math.max(largest, Math.abs(value - values[i]!)), 0)
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

  if (name !== 'authors_imagenet')
    it('encodes texts', async () => {
      const { inputs, outputs } = cases.get('text')!
      const input_ids = integers(inputs.input_ids!)
      const states = await runNetwork(ort, folder, 'text_encoder/model.onnx', { input_ids })
      const reference = outputs['last_hidden_state.f64'] ?? outputs.last_hidden_state!
      expect(states.dims).toEqual(reference.shape)
      expect(largestError(states.data, reference.data)).toBeLessThan(tolerance)
    })

  it('computes logits, with a timestep for each row', async () => {
    const { inputs, outputs } = cases.get('denoiser')!
    const logits = await runNetwork(ort, folder, 'denoiser/model.onnx', {
      x_t: integers(inputs.x_t!),
      t: integers(inputs.t!),
      ...(inputs.text ? { encoder_hidden_states: floats(inputs.text) } : { class: integers(inputs.class!) }),
    })
    expect(logits.dims).toEqual(outputs['logits.f64']!.shape)
    expect(largestError(logits.data, outputs['logits.f64']!.data)).toBeLessThan(tolerance)
  })

  it('decodes tokens', async () => {
    const { inputs, outputs } = cases.get('decoder')!
    const image = await runNetwork(ort, folder, 'vqvae/decoder.onnx', { codes: integers(inputs.codes!) })
    // The authors' code gives the image after its clamp, in 0 … 1.
    const reference = outputs['sample.f64'] ?? outputs['image.f64']!
    const values = outputs['sample.f64']
      ? image.data
      : Float32Array.from(image.data, (value) => Math.min(1, Math.max(0, (value + 1) / 2)))
    expect(image.dims).toEqual(reference.shape)
    expect(largestError(values, reference.data)).toBeLessThan(tolerance)
  })

  it('encodes pictures', async () => {
    const { inputs, outputs } = cases.get('encoder')!
    const rgba = inputs.sample
      ? floats(inputs.sample)
      : {
          data: Float32Array.from(inputs.picture_0_255!.data, (value) => value / 127.5 - 1),
          dims: inputs.picture_0_255!.shape,
        }
    const codes = await runNetwork(ort, folder, 'vqvae/encoder.onnx', { rgba })
    expect([...codes.data]).toEqual([...outputs.codes!.data])
  })
})

describe('p(x₀) of quantised weights', () => {
  it.each([
    ['q8', 1e-3],
    // No bound of the converter: what these random weights give is 0.009.
    ['q4', 2e-2],
  ] as const)('diverges little from that of the checkpoint with %s, at every timestep', async (dtype, limit) => {
    const checkpoint = await openGolden('current')
    const folder = await converted(checkpoint, dtype, { dtype })
    const report = await checkModel(checkpoint, folder, ort)
    await checkpoint.close()
    expect(report.divergences.map(({ timestep }) => timestep)).toEqual(Array.from({ length: 12 }, (_, t) => t))
    for (const { mean } of report.divergences) expect(mean).toBeLessThan(limit)
    expect(faultsOf(report, dtype)).toEqual([])
    const lines = reportLines(report)
    expect(lines).toContain('encoder       0 of 36 codes differ')
    expect(lines.slice(-2)).toEqual(['  the worst of 12 timesteps:', expect.stringMatching(/t = .* mean \d/)])
  })
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
