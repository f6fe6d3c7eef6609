import { createHash } from 'node:crypto'
import * as ort from 'onnxruntime-web'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
import { classModelFolder } from '../../test/support/class_model'
import { STICKERS } from '../model/stickers'
import { CLASSES } from '../model/test_models'
import { draw } from './drawing'
import { folderHash } from './folder_hash'
import { describe as describeModel, FolderModel } from './folder_model'
import type { DrawingOptions, ModelFolder } from './protocol'

const backend = { engine: 'cpu', network: 'wasm', adapter: '', features: [], explanation: '' } as const
const folderOf = (changes?: object): ModelFolder => ({ name: 'ten classes', files: classModelFolder(changes) })

beforeEach(() => {
  vi.stubGlobal('createImageBitmap', async (image: ImageData) => image)
})

describe('a model of a folder', () => {
  const drawing: DrawingOptions = {
    ...CLASSES.defaults,
    classLabel: 4,
    seeds: [3, 9],
    priorWeight: 1,
    livePreview: true,
  }
  const open = async (changes?: object) => {
    const model = new FolderModel(folderOf(changes), '', { backend, ort, onProgress() {} })
    return { model, engine: await model.openEngine(undefined) }
  }

  it('is described by what its folder says', async () => {
    const { model } = await open()
    expect(model.model).toEqual({ ...CLASSES, scheduler: model.model.scheduler })
    expect(model.model.scheduler).toMatchObject({ num_vec_classes: 25, num_train_timesteps: 100 })
    const other = await open({ unconditional_class: undefined, image_height: undefined, defaults: {} })
    expect(other.model.model).toMatchObject({ isGuidable: false, picture: { width: 10, height: 6 } })
    expect(other.model.model.defaults).toMatchObject({ steps: 100, guidance: 1, truncation: 1 })
  })

  it('draws what the pipeline of the library draws', async () => {
    const { engine } = await open()
    const frames: number[] = []
    const { tokens, bitmaps } = await draw(
      drawing,
      (work) => work(engine),
      new AbortController().signal,
      (event) => event.kind === 'step' && frames.push(event.frame.tokens.length),
    )
    const pipe = await VQDiffusionPipeline.fromPretrained(classModelFolder(), { ort })
    const expected = await pipe('', { classLabel: 4, numImagesPerPrompt: 2, seed: [3, 9] })
    expect(tokens.map((one) => [...one])).toEqual(expected.tokens.map((one) => [...one]))
    expect(bitmaps.map(({ width, height }) => [width, height])).toEqual([
      [10, 6],
      [10, 6],
    ])
    expect(frames).toEqual(Array(7).fill(30))
  })

  it('opens anew for another engine, and says what it lacks', async () => {
    const { model, engine } = await open()
    const again = await model.openEngine(undefined)
    await expect(engine.decode([new Uint16Array(15)])).rejects.toThrow('destroyed')
    expect((await again.decode([new Uint16Array(15)])).toImages()).toHaveLength(1)
    expect(() => model.encoder()).toThrow('cannot start from pictures')
    expect(model.remark('anything')).toBe('')
  })

  it('is refused if its tokens are no pictures', async () => {
    await expect(open({ vqvae: [null, null] })).rejects.toThrow('its folder has no decoder')
  })

  it('has no more codes than the page can show', async () => {
    const pipe = await VQDiffusionPipeline.fromPretrained(classModelFolder(), { ort })
    const scheduler = { maskClass: 65_536, config: pipe.scheduler.config }
    await expect(describeModel('large', { ...pipe.parts, scheduler } as never)).rejects.toThrow(
      'draws with up to 65535 codes, and the model has 65536',
    )
  })
})

describe('the hash of a folder', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const graphHash = async (folder: ModelFolder) => {
    const graph = (folder.files as Map<string, Blob>).get('denoiser/model.onnx')!
    return sha256(new Uint8Array(await graph.arrayBuffer()))
  }

  it('is that of the denoiser’s graph, or in the manifest that of its largest file', async () => {
    const folder = folderOf()
    expect(await folderHash(folder)).toBe(await graphHash(folder))
    const listed = folderOf({ manifest: 'manifest.json' })
    const files = {
      'denoiser/model.onnx': { bytes: 10, sha256: 'a'.repeat(64) },
      'denoiser/weights.00.bin': { bytes: 30, sha256: 'b'.repeat(64) },
      'denoiser/weights.01.bin': { bytes: 20, sha256: 'c'.repeat(64) },
      'vqvae/decoder.onnx': { bytes: 90, sha256: 'd'.repeat(64) },
    }
    ;(listed.files as Map<string, Blob>).set('manifest.json', new Blob([JSON.stringify({ files })]))
    expect(await folderHash(listed)).toBe('b'.repeat(64))
    ;(listed.files as Map<string, Blob>).set('manifest.json', new Blob(['<!doctype html>']))
    expect(await folderHash(listed)).toBe(await graphHash(listed))
  })

  it('leaves what is wrong with the networks to the library, and says itself that there is no model', async () => {
    expect(await folderHash(folderOf({ denoiser: undefined }))).toBe('0'.repeat(64))
    await expect(folderHash({ name: 'photos', files: new Map() })).rejects.toThrow(
      'There is no model in photos: model_index.json is missing. The folder has no model_index.json.',
    )
    const wrong = new Map([['model_index.json', new Blob(['<!doctype html>'])]])
    await expect(folderHash({ name: 'photos', files: wrong })).rejects.toThrow('what is there as model_index.json')
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }))
    await expect(folderHash({ name: 'a', files: 'https://example.org/a/' })).rejects.toThrow(
      'There is no model at https://example.org/a/: model_index.json is missing. The server answered 404.',
    )
    vi.unstubAllGlobals()
  })
})

it('takes a copy of the stickers for them', async () => {
  const { readFile } = await import('node:fs/promises')
  const { default: manifest } = await import('virtual:model-manifest')
  const read = async (path: string) =>
    new Blob([
      new Uint8Array(await readFile(new URL(`../../packages/vq-diffusion-emoji/emoji-16x16/${path}`, import.meta.url))),
    ])
  const names = ['model_index.json', 'manifest.json']
  const files = new Map(await Promise.all(names.map(async (name) => [name, await read(name)] as const)))
  expect(await folderHash({ name: STICKERS.name, files })).toBe(manifest['denoiser/weights.bin'].sha256)
})
