import { readFileSync } from 'node:fs'
import onnxProto from 'onnx-proto'
import * as ort from 'onnxruntime-web'
import { describe, expect, it, vi } from 'vitest'
import { DtypeError, FetchError, OptionError } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  createOnnxDenoiser,
  createOnnxSession,
  type DownloadProgress,
  type FileSource,
  OnnxRuntimeError,
  VQDiffusionPipeline,
} from 'vq-diffusion-webgpu/onnx'
import { externalFiles } from '../../src/onnx/external_data'

const { onnx } = onnxProto
const read = (name: string) => new Uint8Array(readFileSync(new URL(`../models/tiny/${name}.onnx`, import.meta.url)))
const model = read('denoiser')
const input = { conditioning: { conditional: { text: Int32Array.from({ length: 16 }, (_, i) => i) } }, guided: false }
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 25 })
const sample = scheduler.uploadTokens(
  Uint32Array.from({ length: 16 }, (_, i) => (i * 5) % 25),
  [1, 16],
)

/** A model with its float weights moved to the ends of these files, as exporters write models of more than 2 GB. */
function split(model: Uint8Array, files: Record<string, number[]>): Uint8Array<ArrayBuffer> {
  const content = onnx.ModelProto.decode(model)
  for (const [i, tensor] of content.graph!.initializer!.entries()) {
    if (tensor.dataType !== onnx.TensorProto.DataType.FLOAT) continue
    const names = Object.keys(files)
    const location = names[i % names.length]!
    const bytes = new Uint8Array(Float32Array.from(tensor.floatData!).buffer)
    const entry = { location, offset: files[location]!.length, length: bytes.length }
    files[location]!.push(...bytes)
    tensor.floatData = []
    tensor.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL
    tensor.externalData = Object.entries(entry).map(([key, value]) => ({ key, value: String(value) }))
  }
  return new Uint8Array(onnx.ModelProto.encode(content).finish())
}

async function logitsOf(source: FileSource, externalData?: Record<string, FileSource>): Promise<number[]> {
  const session = await createOnnxSession(ort, source, { provider: 'wasm', ...(externalData && { externalData }) })
  const denoiser = createOnnxDenoiser({ session })
  const { data } = await denoiser({ ...input, sample, timestep: 50, signal: undefined })
  const logits = Array.from(data)
  await session.destroy()
  return logits
}

const expected = await logitsOf(model)
const weights = { 'model.onnx_data': [], 'shards/second.bin': [] }
const graph = split(model, weights)
const files = Object.fromEntries(Object.entries(weights).map(([name, bytes]) => [name, Uint8Array.from(bytes)]))

describe('external data', () => {
  it('is found in the graph', () => {
    expect(externalFiles(model)).toEqual(new Map())
    expect(externalFiles(graph)).toEqual(new Map(Object.entries(files).map(([name, bytes]) => [name, bytes.length])))
    expect(externalFiles(Uint8Array.of(0xff, 0xff, 0xff))).toEqual(new Map())
  })
  it('gives the same logits as a model in one file', async () => {
    expect(await logitsOf(graph, files)).toEqual(expected)
  })
  it('needs every file that the graph names', async () => {
    const { 'model.onnx_data': _, ...rest } = files
    await expect(logitsOf(graph, rest)).rejects.toThrow(OptionError)
    await expect(logitsOf(graph)).rejects.toThrow('weights in {model.onnx_data, shards/second.bin}')
  })
})

describe('in place of external data', () => {
  const text = (content: string) => new TextEncoder().encode(content)
  it.each([
    ['a file that is cut off', files['model.onnx_data']!.subarray(0, 100), 'given a file that is cut off. It has 100'],
    ['an empty file', new Uint8Array(), 'given an empty file'],
    ['a web page', new Blob([text('<!doctype html>'), new Uint8Array(10_000)]), 'given a web page'],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\n'), 'given a Git LFS pointer'],
  ])('%s is refused', async (_, source, message) => {
    const loading = logitsOf(graph, { ...files, 'model.onnx_data': source })
    await expect(loading).rejects.toThrow(OnnxRuntimeError)
    await expect(loading).rejects.toThrow('model.onnx_data needs to be weights of at least')
    await expect(loading).rejects.toThrow(message)
  })
})

describe('a model is given as', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(model.length))
  shared.set(model)
  const sources: Record<string, FileSource> = {
    'an ArrayBuffer': model.slice().buffer,
    'a view': new DataView(model.buffer, model.byteOffset, model.byteLength),
    'shared memory': shared,
    'a Blob': new Blob([model]),
    'a Response': new Response(new Blob([model])),
    'a URL': new URL(`data:application/octet-stream;base64,${Buffer.from(model).toString('base64')}`),
  }
  it.each(Object.entries(sources))('%s', async (_, source) => {
    expect(await logitsOf(source)).toEqual(expected)
  })
  it('bytes without copying them', async () => {
    const create = vi.spyOn(ort.InferenceSession, 'create')
    await logitsOf(new DataView(model.buffer, model.byteOffset, model.byteLength))
    expect((create.mock.calls[0]![0] as unknown as Uint8Array).buffer).toBe(model.buffer)
    create.mockRestore()
  })
  it('a Response whose body was read, or that is an error, is refused', async () => {
    const read = new Response(new Blob([model]))
    await read.arrayBuffer()
    await expect(logitsOf(read)).rejects.toThrow('body has not been read')
    await expect(logitsOf(new Response('gone', { status: 404 }))).rejects.toThrow('answered 404')
    await expect(logitsOf('http://localhost:1/model.onnx')).rejects.toThrow(FetchError)
  })
  it('a Response whose body is being read, or breaks off, and a Blob that is gone, are refused', async () => {
    const locked = new Response(new Blob([model]))
    locked.body!.getReader()
    await expect(logitsOf(locked)).rejects.toThrow('body has not been read')
    const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) })
    await expect(logitsOf(new Response(broken))).rejects.toThrow('The model could not be read: terminated')
    const gone = Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new Error('it is gone')) })
    await expect(logitsOf(gone)).rejects.toThrow(FetchError)
    await expect(logitsOf(gone)).rejects.toThrow('The model could not be read: it is gone')
  })
  it.each([
    ['null', null, 'given null'],
    ['a plain object', {}, 'given an empty object'],
    ['a number', 5, 'given 5'],
  ])('not %s', async (_, source, message) => {
    await expect(logitsOf(source as unknown as FileSource)).rejects.toThrow(DtypeError)
    await expect(logitsOf(source as unknown as FileSource)).rejects.toThrow(message)
  })
})

describe('a model folder whose graphs share a file of weights', () => {
  const json = (content: object) => new Blob([JSON.stringify(content)])
  const folder = (networks: Record<string, Uint8Array<ArrayBuffer>>, index = {}) => ({
    'model_index.json': json({
      _class_name: 'VQDiffusionPipeline',
      scheduler: ['diffusers', 'VQDiffusionScheduler'],
      denoiser: ['onnx', 'networks/denoiser.onnx'],
      ...index,
      vqvae: ['onnx', 'networks/decoder.onnx'],
      tokenizer: ['json', 'tokenizer.json'],
      latent_height: 4,
      latent_width: 4,
    }),
    'scheduler/scheduler_config.json': json({ num_vec_classes: 25, gamma_cum_end: 0.9 }),
    'tokenizer.json': json({ type: 'word', max_length: 16, pad_id: 0, vocab: ['<pad>', 'red', 'heart'] }),
    ...Object.fromEntries(Object.entries(networks).map(([name, bytes]) => [`networks/${name}`, new Blob([bytes])])),
  })

  it('loads it once, with one progress, and draws the same', async () => {
    const shared = { 'weights.bin': [] as number[] }
    const graphs = {
      'denoiser.onnx': split(model, shared),
      'decoder.onnx': split(read('decoder'), shared),
    }
    const weights = Uint8Array.from(shared['weights.bin'])
    const files = folder({ ...graphs, 'weights.bin': weights })
    const load = vi.spyOn(files['networks/weights.bin' as keyof typeof files] as Blob, 'arrayBuffer')
    const progress: number[][] = []
    using separate = await VQDiffusionPipeline.fromPretrained(files, {
      ort,
      onProgress: ({ loaded, total }) => progress.push([loaded, total]),
    })
    expect(load).toHaveBeenCalledOnce()
    const total = graphs['denoiser.onnx'].length + graphs['decoder.onnx'].length + weights.length
    expect(progress.at(-1)).toEqual([total, total])
    expect(progress.every(([loaded], i) => i === 0 || loaded! >= progress[i - 1]![0]!)).toBe(true)

    using whole = await VQDiffusionPipeline.fromPretrained(
      folder({ 'denoiser.onnx': model, 'decoder.onnx': read('decoder') }),
      { ort },
    )
    const options = { seed: 7, numInferenceSteps: 5 }
    const [drawn, expected] = [await separate('red heart', options), await whole('red heart', options)]
    expect(drawn.tokens).toEqual(expected.tokens)
    expect(drawn.images[0]!.data).toEqual(expected.images[0]!.data)
  })

  it('loads the graph for WebAssembly with the weights, and no other', async () => {
    const shared = { 'weights.bin': [] as number[] }
    const [onWasm, decoder] = [split(model, shared), read('decoder')]
    const weights = Uint8Array.from(shared['weights.bin'])
    const index = { denoiser_wasm: ['onnx', 'networks/denoiser_int8.onnx'] }
    const files = folder({ 'denoiser_int8.onnx': onWasm, 'weights.bin': weights, 'decoder.onnx': decoder }, index)
    const progress: number[] = []
    const onProgress = ({ loaded }: DownloadProgress) => progress.push(loaded)
    using pipe = await VQDiffusionPipeline.fromPretrained(files, { ort, onProgress })
    expect(pipe.backend!.network).toBe('wasm')
    expect(progress.at(-1)).toBe(onWasm.length + weights.length + decoder.length)
    expect((await pipe('red heart', { seed: 7, numInferenceSteps: 2 })).images).toHaveLength(1)
    const { 'networks/denoiser_int8.onnx': _, ...without } = files as Record<string, Blob>
    const opening = VQDiffusionPipeline.fromPretrained(without, { ort })
    await expect(opening).rejects.toThrow('networks/denoiser_int8.onnx is missing')
  })

  it('loads it while other graphs are still on their way', async () => {
    const shared = { 'weights.bin': [] as number[] }
    const files = folder({ 'denoiser.onnx': split(model, shared), 'decoder.onnx': read('decoder') })
    const weights = new Blob([Uint8Array.from(shared['weights.bin'])])
    const weightsRead = vi.spyOn(weights, 'arrayBuffer')
    const decoder = files['networks/decoder.onnx' as keyof typeof files] as Blob
    const arrayBuffer = decoder.arrayBuffer.bind(decoder)
    decoder.arrayBuffer = async () => {
      await vi.waitFor(() => expect(weightsRead).toHaveBeenCalled())
      return arrayBuffer()
    }
    const source = { ...files, 'networks/weights.bin': weights }
    using pipe = await VQDiffusionPipeline.fromPretrained(source, { ort })
    expect((await pipe('red heart', { seed: 7, numInferenceSteps: 2 })).images).toHaveLength(1)
  })

  it('reads it by a path from the graph, whatever characters its name has', async () => {
    const [denoiser, decoder] = [{ '../100% of #1?.bin': [] as number[] }, { './a b.bin': [] as number[] }]
    const networks = { 'denoiser.onnx': split(model, denoiser), 'decoder.onnx': split(read('decoder'), decoder) }
    const files = folder({ ...networks, 'a b.bin': Uint8Array.from(decoder['./a b.bin']) })
    const weights = new Blob([Uint8Array.from(denoiser['../100% of #1?.bin'])])
    using pipe = await VQDiffusionPipeline.fromPretrained({ ...files, '100% of #1?.bin': weights }, { ort })
    expect((await pipe('red heart', { seed: 7, numInferenceSteps: 2 })).images).toHaveLength(1)
    const outside = folder({ ...networks, 'denoiser.onnx': split(model, { '../../a.bin': [] }) })
    const opening = VQDiffusionPipeline.fromPretrained(outside, { ort })
    await expect(opening).rejects.toThrow('names a file outside of the model folder: ../../a.bin')
  })

  it('names the file that is missing', async () => {
    const shared = { 'weights.bin': [] as number[] }
    const networks = { 'denoiser.onnx': split(model, shared), 'decoder.onnx': read('decoder') }
    const opening = VQDiffusionPipeline.fromPretrained(folder(networks), { ort })
    await expect(opening).rejects.toThrow('networks/weights.bin is missing')
  })
})
