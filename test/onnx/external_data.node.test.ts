import { readFileSync } from 'node:fs'
import onnxProto from 'onnx-proto'
import * as ort from 'onnxruntime-web'
import { describe, expect, it, vi } from 'vitest'
import { DtypeError, FetchError, OptionError } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { createOnnxDenoiser, createOnnxSession, type FileSource, VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'
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
    expect(externalFiles(model)).toEqual([])
    expect(externalFiles(graph).sort()).toEqual(['model.onnx_data', 'shards/second.bin'])
    expect(externalFiles(Uint8Array.of(0xff, 0xff, 0xff))).toEqual([])
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
  it('a Response whose body was read, or that is an error, is refused', async () => {
    const read = new Response(new Blob([model]))
    await read.arrayBuffer()
    await expect(logitsOf(read)).rejects.toThrow('body has not been read')
    await expect(logitsOf(new Response('gone', { status: 404 }))).rejects.toThrow('answered 404')
    await expect(logitsOf('http://localhost:1/model.onnx')).rejects.toThrow(FetchError)
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
  const folder = (networks: Record<string, Uint8Array<ArrayBuffer>>) => ({
    'model_index.json': json({
      _class_name: 'VQDiffusionPipeline',
      scheduler: ['diffusers', 'VQDiffusionScheduler'],
      denoiser: ['onnx', 'networks/denoiser.onnx'],
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

  it('names the file that is missing', async () => {
    const shared = { 'weights.bin': [] as number[] }
    const networks = { 'denoiser.onnx': split(model, shared), 'decoder.onnx': read('decoder') }
    const opening = VQDiffusionPipeline.fromPretrained(folder(networks), { ort })
    await expect(opening).rejects.toThrow('networks/weights.bin is missing')
  })
})
