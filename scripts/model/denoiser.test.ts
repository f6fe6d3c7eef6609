import { readFileSync } from 'node:fs'
import onnxProto from 'onnx-proto'
import * as ort from 'onnxruntime-web'
import { describe, expect, it } from 'vitest'
import { denoiserFiles } from './convert_denoiser.mjs'
import exported from './exported_logits.json'

/**
 * The denoiser of the package against the file that PyTorch exported, which is too large for the repository. Of that,
 * exported_logits.json has some logits for tokens in the middle of a chain.
 */
const folder = new URL('../../packages/vq-diffusion-emoji/emoji-16x16/denoiser/', import.meta.url)
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)))
const published = {
  'model.onnx': read('model.onnx'),
  'model_int8.onnx': read('model_int8.onnx'),
  'weights.bin': read('weights.bin'),
}
const graphOf = (name: keyof typeof published) => onnxProto.onnx.ModelProto.decode(published[name]).graph!

const NUM_CODES = 4096

/** The weights as the graph for WebAssembly has them, by the roles that `denoiserWeights` gives them. */
function publishedWeights() {
  const tensors = new Map(
    graphOf('model_int8.onnx').initializer!.map(({ name, dims, dataType, externalData }) => {
      const { offset, length } = Object.fromEntries(externalData!.map(({ key, value }) => [key, Number(value)]))
      const bytes = length ? published['weights.bin'].slice(offset, offset! + length).buffer : new ArrayBuffer()
      const values =
        dataType === onnxProto.onnx.TensorProto.DataType.INT8 ? new Int8Array(bytes) : new Float32Array(bytes)
      return [name!, { dims: dims!.map(Number), values }]
    }),
  )
  const tensor = (name: string) => tensors.get(name)!
  const table = (name: string) => ({ name, rows: tensor(name), scale: tensor(`${name}.scale`) })
  const linear = (name: string) => ({
    name,
    matrix: tensor(name),
    scale: tensor(`${name}.scale`),
    bias: tensor(`${name}.bias`),
  })
  const changed = (name: string, change: (value: number, index: number) => number) => {
    const { dims, values } = tensor(name)
    return { dims, values: values.map(change) }
  }
  const block = (name: string) => ({
    name,
    // As learnt: the scales, parts 0 and 3 of six, by their distance from 1.
    modulation: changed(`${name}.modulation`, (value, i) => (Math.floor(i / 384) % 3 === 0 ? value - 1 : value)),
    queryGain: changed(`${name}.query.gain`, (value) => value * 8),
    keyGain: tensor(`${name}.key.gain`),
    queriesKeysValues: linear(`${name}.qkv`),
    attentionOutput: linear(`${name}.o`),
    feedForwardInput: linear(`${name}.f1`),
    feedForwardOutput: linear(`${name}.f2`),
  })
  return {
    tokens: table('tok.weight'),
    pixels: table('pos'),
    words: table('word.weight'),
    wordPlaces: table('tpos'),
    time: tensor('time'),
    blocks: Array.from({ length: 8 }, (_, i) => block(`blocks.${i}`)),
    gain: tensor('gain'),
    shift: tensor('shift'),
    head: linear('head'),
  }
}

async function logitsOf(name: 'model.onnx' | 'model_int8.onnx'): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(published[name], {
    executionProviders: ['wasm'],
    externalData: [{ path: 'weights.bin', data: published['weights.bin'] }],
  })
  const batchOfOne = (values: ArrayLike<number>) => new ort.Tensor('int32', Int32Array.from(values), [1, values.length])
  const { logits } = await session.run({
    x_t: batchOfOne(new Uint16Array(Uint8Array.from(Buffer.from(exported.x_t, 'base64')).buffer)),
    t: new ort.Tensor('int32', Int32Array.of(exported.t), [1]),
    text: batchOfOne(exported.text),
  })
  await session.release()
  return logits!.data as Float32Array
}

function logProbabilities(logits: Float32Array): Float64Array {
  const max = logits.reduce((a, b) => Math.max(a, b))
  const logSum = max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0))
  return Float64Array.from(logits, (logit) => logit - logSum)
}

/** Nats, mean over all tokens. */
function meanDivergence(from: Float32Array, to: Float32Array): number {
  let sum = 0
  for (let at = 0; at < from.length; at += NUM_CODES) {
    const [p, q] = [from, to].map((logits) => logProbabilities(logits.subarray(at, at + NUM_CODES)))
    sum += p!.reduce((divergence, logP, k) => divergence + Math.exp(logP) * (logP - q![k]!), 0)
  }
  return sum / (from.length / NUM_CODES)
}

describe('the published denoiser', () => {
  it('is what the script writes from its weights', () => {
    const files = denoiserFiles(publishedWeights())
    for (const [name, content] of Object.entries(published)) expect(Buffer.compare(files[name]!, content), name).toBe(0)
  })

  it('computes what the exported one does, with float32 arithmetic, and nearly that with int8', async () => {
    const [float32, int8] = [await logitsOf('model.onnx'), await logitsOf('model_int8.onnx')]
    for (const [pixel, values] of Object.entries(exported.logits))
      for (const [i, value] of values.entries()) {
        const at = Number(pixel) * NUM_CODES + Number(pixel) + 512 * i
        expect(Math.abs(float32[at]! - value)).toBeLessThan(1e-3)
      }
    expect(meanDivergence(float32, int8)).toBeLessThan(6e-3)
  })
})
