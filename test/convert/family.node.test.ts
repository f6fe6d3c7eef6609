import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import * as ort from 'onnxruntime-web'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { checkModel } from '../../src/convert/check/check_model'
import { divergences } from '../../src/convert/check/compare'
import { runNetwork } from '../../src/convert/check/networks'
import { faultsOf, reportLines } from '../../src/convert/check/report'
import type { Checkpoint } from '../../src/convert/checkpoint/checkpoint'
import { openCheckpoint } from '../../src/convert/checkpoint/open_checkpoint'
import { type ConvertOptions, convertCheckpoint } from '../../src/convert/write/convert'
import { Saved, torchArchive } from '../support/checkpoint_files'
import {
  layout,
  layoutBuffers,
  layoutClasses,
  layoutLogits,
  layoutModel,
  type StateDict,
  scheduleBuffers,
  sound,
  soundBuffers,
  soundLogits,
  soundModel,
  soundOrder,
} from '../support/family_models'
import { goldenFolder } from './golden'

let parent: string
beforeAll(async () => {
  ort.env.wasm.numThreads = 1
  parent = await mkdtemp(join(tmpdir(), 'family-'))
})
afterAll(() => rm(parent, { recursive: true }))

async function saved(name: string, value: unknown): Promise<string> {
  const path = join(parent, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, torchArchive(value))
  return path
}

async function converted(checkpoint: Checkpoint, name: string, options: Partial<ConvertOptions> = {}): Promise<string> {
  const out = join(parent, name)
  const defaults = { dtype: 'f32', attention: 'fused', encoder: false, shardBytes: 2 ** 20, command: 'npx' } as const
  await convertCheckpoint(checkpoint, out, { name, source: name, ...defaults, ...options })
  return out
}

/** The files of a folder, as a person would pick them. */
async function filesOf(folder: string): Promise<Map<string, Blob>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const read = async (file: string) =>
    [relative(folder, file), new Blob([new Uint8Array(await readFile(file))])] as const
  return new Map(await Promise.all(files.map(read)))
}

const json = async (folder: string, file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'))

/** What float32 rounding may do to logits of about 1. */
const tolerance = 2e-5

describe('a checkpoint of LayoutDM', () => {
  const { elements, labels, bins, steps } = layout
  const state = layoutModel()
  const N = 5 * elements
  /** Classes of the checkpoint by those of the converted model: each kind's own, and the padding; then the mask. */
  const padding = layoutClasses - 2
  const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
  const quantity = (i: number) => [...range(labels + i * bins, bins), padding]
  const kinds = [[...range(0, labels), padding], quantity(0), quantity(1), quantity(2), quantity(3)]
  const classes = [...kinds.flat(), padding + 1]
  let path: string
  let folder: string
  beforeAll(async () => {
    path = await saved('rico/0/best_model.pt', new Map([...state.saved(), ...layoutBuffers()]))
    await writeFile(join(parent, 'rico/0/config.yaml'), 'backbone:\n  nhead: 8\n  timestep_type: adalayernorm\n')
    const checkpoint = await openCheckpoint(join(parent, 'rico'))
    folder = await converted(checkpoint, 'layouts')
    await checkpoint.close()
  })

  it('has a range of classes for each kind of token, with its own padding, and the schedule of its buffers', async () => {
    const ranges = [
      [0, 2],
      [3, 7],
      [8, 12],
      [13, 17],
      [18, 22],
    ]
    expect(await json(folder, 'scheduler/scheduler_config.json')).toEqual({
      _class_name: 'VQDiffusionScheduler',
      num_vec_classes: 24,
      num_train_timesteps: steps,
      alpha_cum_start: 0.99999,
      alpha_cum_end: 0.000009,
      gamma_cum_start: 0.000009,
      gamma_cum_end: 0.99999,
      class_range: Array.from({ length: elements }, () => ranges).flat(),
    })
    const index = await json(folder, 'model_index.json')
    expect(index).toMatchObject({ vqvae: [null, null], latent_height: elements, latent_width: 5 })
    expect(index.defaults).toEqual({ num_inference_steps: steps, guidance_scale: 1, truncation_rate: 1 })
    for (const key of ['tokenizer', 'num_classes', 'image_range']) expect(index).not.toHaveProperty(key)
    const card = await readFile(join(folder, 'MODEL_CARD.md'), 'utf8')
    expect(card).toContain('| 1 | centre x | 3 … 6 | 7 |')
  })

  it('computes the logits of its modules, of every kind’s classes, at each timestep', async () => {
    const times = range(0, steps)
    const tokens = times.map((t) => range(0, N).map((n) => (n * 7 + t * 5) % classes.length))
    const logits = await runNetwork(ort, folder, 'denoiser/model.onnx', {
      x_t: { data: Int32Array.from(tokens.flat()), dims: [steps, N] },
      t: { data: Int32Array.from(times), dims: [steps] },
    })
    expect(logits.dims).toEqual([steps, N, classes.length - 1])
    let largest = 0
    for (const t of times) {
      const expected = layoutLogits(
        state,
        tokens[t]!.map((token) => classes[token]!),
        t,
      )
      for (let at = 0; at < N * (classes.length - 1); at++) {
        const [n, k] = [Math.floor(at / (classes.length - 1)), at % (classes.length - 1)]
        const found = logits.data[t * N * (classes.length - 1) + at]!
        largest = Math.max(largest, Math.abs(found - expected[n]![classes[k]!]!))
      }
    }
    expect(largest).toBeLessThan(tolerance)
  })

  it('passes its check', async () => {
    const checkpoint = await openCheckpoint(path)
    const report = await checkModel(checkpoint, folder, ort)
    await checkpoint.close()
    expect(faultsOf(report, 'f32')).toEqual([])
    expect(report.image).toBeUndefined()
    expect(reportLines(report).join()).not.toContain('decoder')
    for (const { mean } of report.divergences) expect(mean).toBeLessThan(1e-9)
  })

  it('is compared over the classes of each kind alone', () => {
    const reference = { data: Float64Array.of(1, 2, 50, 60, 3, 1), rows: 2, columns: 3 }
    const values = [1, 2, -9, 7, 3, 2]
    const [first, second] = divergences(values, reference, [
      [0, 1],
      [1, 2],
    ])
    expect(first).toBe(0)
    const [p, q] = [1 / (1 + Math.exp(-2)), 1 / (1 + Math.exp(-1))]
    expect(second).toBeCloseTo(p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)), 12)
    expect(divergences(values, reference)[0]).toBeGreaterThan(10)
  })

  it('draws tokens in a page, each of its kind, and keeps known ones', async () => {
    using pipe = await VQDiffusionPipeline.fromPretrained(await filesOf(folder), { ort })
    const { images, tokens } = await pipe('', { numImagesPerPrompt: 4, seed: 1 })
    expect(images).toEqual([])
    const { class_range } = pipe.scheduler.config
    for (const layout of tokens)
      for (const [n, token] of layout.entries()) {
        const [first, last] = class_range![n]!
        expect(token).toBeGreaterThanOrEqual(first)
        expect(token).toBeLessThanOrEqual(last)
      }
    expect(new Set(tokens.map((layout) => layout.join())).size).toBe(4)
    // The label of the first element, and nothing else.
    const image = range(0, N).map((n) => class_range![n]![0] + (n === 0 ? 1 : 0))
    const known = { image, mask: range(0, N).map((n) => (n === 0 ? 1 : 0)) }
    for (const layout of (await pipe('', { numImagesPerPrompt: 4, seed: 2, known })).tokens) expect(layout[0]).toBe(1)
    const steps: (number | undefined)[] = []
    for await (const { images } of pipe.stream('', { seed: 1, previewEvery: 1 })) steps.push(images?.length)
    expect(steps).toEqual([undefined, undefined, undefined, undefined, 0])
    const picture = { width: 1, height: 1, data: new Uint8ClampedArray(4) } as ImageData
    await expect(pipe('', { image: picture, strength: 1 })).rejects.toThrow('this model has no encoder')
  })

  const refused = async (name: string, entries: [string, unknown][], message: string, paths = {}) => {
    const file = await saved(`${name}.pt`, new Map(entries))
    const opened = openCheckpoint(file, paths)
    await expect(opened).rejects.toThrow(message)
    await expect(opened).rejects.toThrow(file)
  }
  const without = (pattern: RegExp, entries = state.empty()) => entries.filter(([name]) => !pattern.test(name))

  it('is refused with one sentence where its network is another', async () => {
    const buffers = layoutBuffers()
    const vanilla = layoutBuffers().map(([name, value]): [string, unknown] => [name.replace(/c_log/, 'log'), value])
    await refused(
      'vanilla',
      [...state.empty(), ...without(/\.[xywh]_/, vanilla)],
      'one schedule for all kinds of tokens (q_type: vanilla)',
    )
    await refused(
      'kinds',
      [...state.empty(), ...without(/\.h_/, buffers)],
      'schedules of the kinds c, x, y, w and h; it has {c, x, y, w}',
    )
    await refused('positions', [...without(/elem_emb/), ...buffers], 'other positions (pos_emb) are not supported')
    await refused('timesteps', [...without(/norm1\.emb/), ...buffers], 'timestep_type: adalayernorm')
    await refused(
      'sizes',
      [...state.empty(), ...layoutBuffers('cxywh', { w: 9 })],
      'which its schedules of [3, 5, 5, 9, 5] classes do not explain',
    )
    await refused('head', [...without(/head\.1/), ...buffers], '"model.module.transformer.head.1.weight" of 20 rows')
    await refused(
      'aggregated',
      [...state.empty(), ...buffers, ['model.module.transformer.enc.0.weight', new Saved(new Float32Array(4), [4])]],
      'it is another architecture',
    )
    await refused('codec', [...state.empty(), ...buffers], 'a checkpoint of LayoutDM, which takes no --vqvae', {
      vqvae: path,
    })
    const table = 'model.module.transformer.cat_emb.weight'
    const others: [string, unknown][] = [...without(/cat_emb/), ...buffers]
    await refused('no-table', [...others, [table, 'text']], `needs the weight "${table}" of two axes; given []`)
    const empty = new Saved(new Float32Array(0), [layoutClasses, 0])
    await refused('empty-table', [...others, [table, empty]], `of two axes; given [${layoutClasses}, 0]`)
    const another = scheduleBuffers('model.module.h_', steps, bins + 1, 0.9)
    await refused(
      'schedules',
      [...state.empty(), ...without(/\.h_/, buffers), ...another],
      'schedules that differ in more',
    )
    const cosine = new Saved(
      Float32Array.from({ length: steps + 1 }, (_, t) => Math.log(Math.cos(t / 9))),
      [steps + 1],
    )
    const bent = buffers.map(([name, value]): [string, unknown] => [
      name,
      name.endsWith('.c_log_cumprod_at') ? cosine : value,
    ])
    await refused('cosine', [...state.empty(), ...bent], 'of a linear schedule of 5 timesteps')
    const config = join(parent, 'config.yaml')
    for (const [text, message] of [
      ['nhead: 8\ntimestep_type: adainnorm\n', 'config.yaml needs timestep_type: adalayernorm; given "adainnorm"'],
      ['heads: 8\n', 'config.yaml is no configuration of LayoutDM: it needs nhead'],
      ['nhead: 3\n', 'has the width 16, no multiple of 3 heads'],
    ] as const) {
      await writeFile(config, text)
      await expect(openCheckpoint(path, { config })).rejects.toThrow(message)
    }
    const checkpoint = await openCheckpoint(path)
    await expect(converted(checkpoint, 'encoder', { encoder: true })).rejects.toThrow('--encoder needs an autoencoder')
    await checkpoint.close()
  })

  it('may have one vocabulary for all quantities', async () => {
    const shared = layoutModel(labels + bins + 2)
    const file = await saved('shared.pt', new Map([...shared.saved(), ...layoutBuffers('cwhxy')]))
    const checkpoint = await openCheckpoint(file)
    expect(checkpoint.tokenKinds!.map(({ name }) => name)).toEqual(['label', 'width', 'height', 'centre x', 'centre y'])
    const table = await checkpoint.transformer.weights.read('latent_image_embedding.emb.weight')
    // The bins of the second and of the third kind are the same classes.
    const rows = (first: number) => table.subarray(first * layout.width, (first + bins) * layout.width)
    expect([...rows(3)]).toEqual([...rows(8)])
    await checkpoint.close()
  })
})

describe('a checkpoint of Diffsound', () => {
  const { rows, columns, codes, steps, text, length } = sound
  const N = rows * columns
  const vocabulary = 621
  const state: StateDict = soundModel(vocabulary)
  const order = new Saved(BigInt64Array.from(soundOrder, BigInt), [N])
  const paths = { tokenizer: join(goldenFolder('authors'), 'tokenizer') }
  const open = async (order: unknown, name: string, weights = state.saved()) => {
    const permuter: [string, unknown] = ['first_stage_permuter.forward_shuffle_idx', order]
    const model = new Map([...weights, ...soundBuffers(), permuter])
    return openCheckpoint(await saved(name, new Map([['model', model]])), paths)
  }
  let folder: string
  let checkpoint: Checkpoint
  beforeAll(async () => {
    checkpoint = await open(order, 'diffsound.pth')
    folder = await converted(checkpoint, 'sounds', { encoder: true })
  })
  afterAll(() => checkpoint.close())

  it('computes the logits of its transformer, whose sequence goes down the columns of the spectrogram', async () => {
    expect(checkpoint.description).toBe('a checkpoint of Diffsound for texts')
    const tokens = Int32Array.from({ length: N }, (_, n) => (n * 5 + 1) % (codes + 1))
    const states = Array.from({ length }, (_, i) => Float64Array.from({ length: text }, (_, d) => Math.sin(i * 7 + d)))
    for (let t = 0; t < steps; t++) {
      const logits = await runNetwork(ort, folder, 'denoiser/model.onnx', {
        x_t: { data: tokens, dims: [1, N] },
        t: { data: Int32Array.of(t), dims: [1] },
        encoder_hidden_states: { data: Float32Array.from(states.flatMap((row) => [...row])), dims: [1, length, text] },
      })
      const expected = soundLogits(
        state,
        soundOrder.map((pixel) => tokens[pixel]!),
        t,
        states,
      )
      let largest = 0
      for (const [place, pixel] of soundOrder.entries())
        for (let k = 0; k < codes; k++)
          largest = Math.max(largest, Math.abs(logits.data[pixel * codes + k]! - expected[place]![k]!))
      expect(largest).toBeLessThan(tolerance)
    }
  })

  it('has the schedule of its buffers', async () => {
    expect(await json(folder, 'scheduler/scheduler_config.json')).toEqual({
      _class_name: 'VQDiffusionScheduler',
      num_vec_classes: codes + 1,
      num_train_timesteps: steps,
      alpha_cum_start: 0.99999,
      alpha_cum_end: 0.000009,
      gamma_cum_start: 0.000009,
      gamma_cum_end: 0.9,
    })
  })

  it('passes its check, and draws spectrograms of one channel', async () => {
    const report = await checkModel(checkpoint, folder, ort)
    expect(faultsOf(report, 'f32')).toEqual([])
    expect(report.logits.relative).toBeLessThan(1e-5)
    expect(report.codes).toMatchObject({ different: 0, of: N })
    using pipe = await VQDiffusionPipeline.fromPretrained(await filesOf(folder), { ort })
    const { images } = await pipe('a dog', { seed: 1, numInferenceSteps: 2 })
    expect([images[0]!.width, images[0]!.height]).toEqual([2 * columns, 2 * rows])
    expect(images[0]!.data.filter((_, i) => i % 4 === 0)).toEqual(images[0]!.data.filter((_, i) => i % 4 === 2))
  })

  it('is refused where its tokens go otherwise over the spectrogram', async () => {
    const byRows = new Saved(
      BigInt64Array.from({ length: N }, (_, n) => BigInt(n)),
      [N],
    )
    const other = new Saved(BigInt64Array.of(0n, 1n), [2])
    for (const [i, order] of [byRows, other].entries())
      await expect(open(order, `other-${i}.pth`, state.empty())).rejects.toThrow(
        'another order than by columns of 2 by 3 latent pixels',
      )
  })
})
