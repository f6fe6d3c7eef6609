import { readFileSync } from 'node:fs'
import onnxProto from 'onnx-proto'
import * as ort from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { DtypeError, FetchError, OptionError } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { createOnnxDenoiser, createOnnxSession, type FileSource } from 'vq-diffusion-webgpu/onnx'
import { externalFiles } from '../../src/onnx/external_data'

const { onnx } = onnxProto
const model = new Uint8Array(readFileSync(new URL('../models/tiny/denoiser.onnx', import.meta.url)))
const input = { conditioning: { conditional: { text: Int32Array.from({ length: 16 }, (_, i) => i) } }, guided: false }
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 25 })
const sample = scheduler.uploadTokens(
  Uint32Array.from({ length: 16 }, (_, i) => (i * 5) % 25),
  [1, 16],
)

/** The model with its float weights in two files, as exporters write models of more than 2 GB. */
function split(): { graph: Uint8Array<ArrayBuffer>; files: Record<string, Uint8Array<ArrayBuffer>> } {
  const content = onnx.ModelProto.decode(model)
  const files: Record<string, number[]> = { 'model.onnx_data': [], 'shards/second.bin': [] }
  for (const [i, tensor] of content.graph!.initializer!.entries()) {
    if (tensor.dataType !== onnx.TensorProto.DataType.FLOAT) continue
    const location = Object.keys(files)[i % 2]!
    const bytes = new Uint8Array(Float32Array.from(tensor.floatData!).buffer)
    const entry = { location, offset: files[location]!.length, length: bytes.length }
    files[location]!.push(...bytes)
    tensor.floatData = []
    tensor.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL
    tensor.externalData = Object.entries(entry).map(([key, value]) => ({ key, value: String(value) }))
  }
  return {
    graph: new Uint8Array(onnx.ModelProto.encode(content).finish()),
    files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, Uint8Array.from(bytes)])),
  }
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
const { graph, files } = split()

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
