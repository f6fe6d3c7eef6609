/**
 * Draws the pictures that the examples must show, with the float64 CPU twin: `npm run build && node examples/test/pictures/draw.mjs`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'
import * as ort from 'onnxruntime-web'
import { CpuTensor, VQDiffusionScheduler } from '../../../dist/lib/cpu.js'
import { VQDiffusionPipeline } from '../../../dist/lib/index.js'
import { createOnnxDecoder, createOnnxDenoiser, createOnnxSession } from '../../../dist/lib/onnx.js'

/** The network of the examples without a trained one: a class is as likely as it is frequent among the neighbours. */
async function drawNeighbours() {
  const [size, classes] = [32, 4]
  const colours = ['#264653', '#2a9d8f', '#e9c46a', '#e76f51']
  const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [dx, dy]))
  const denoiser = ({ sample }) => {
    const logits = new Float32Array(size * size * classes)
    for (const pixel of sample.data.keys()) {
      for (const [dx, dy] of around) {
        const [x, y] = [(pixel % size) + dx, Math.floor(pixel / size) + dy]
        const token = sample.data[y * size + x]
        if (x >= 0 && x < size && y >= 0 && y < size && token < classes) logits[pixel * classes + token] += 2
      }
    }
    return new CpuTensor(logits, [1, size * size, classes])
  }
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: classes + 1 })
  const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
  const { data } = await pipeline.generate({ numLatentPixels: size * size, numInferenceSteps: 25, seed: 42 })
  const rgba = [...data].flatMap((token) => [...Buffer.from(`${colours[token].slice(1)}ff`, 'hex')])
  writePng('neighbours', rgba, size, size)
}

/** The picture of 'red heart' in the style 3d with the defaults of the emoji model. */
async function drawRedHeart() {
  const folder = new URL('../../../packages/vq-diffusion-emoji/emoji-16x16/', import.meta.url)
  const file = (name) => readFileSync(new URL(name, folder))
  const { vocab, max_length } = JSON.parse(file('tokenizer/tokenizer.json'))
  const { defaults } = JSON.parse(file('model_index.json'))
  const words = ['style:3d', 'red', 'heart'].map((word) => vocab.indexOf(word))
  const text = Int32Array.from({ length: max_length }, (_, i) => words[i] ?? 0)
  const session = (name, externalData = {}) => createOnnxSession(ort, file(name), { provider: 'wasm', externalData })
  const scheduler = await VQDiffusionScheduler.fromConfig(JSON.parse(file('scheduler/scheduler_config.json')))
  const weights = { 'weights.bin': file('denoiser/weights.bin') }
  const denoiser = createOnnxDenoiser({ session: await session('denoiser/model_int8.onnx', weights) })
  const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
  const tokens = await pipeline.generate({
    numLatentPixels: 256,
    numInferenceSteps: defaults.num_inference_steps,
    guidanceScale: defaults.guidance_scale,
    guidanceInterval: defaults.guidance_interval,
    truncationRate: defaults.truncation_rate,
    seed: 42,
    conditioning: { conditional: { text }, unconditional: { text: new Int32Array(max_length) } },
  })
  const { data } = await createOnnxDecoder({ session: await session('vqvae/decoder.onnx') })(tokens)
  const pixels = 128 * 128
  // Planes of premultiplied red, green, blue and alpha in 0 … 1.
  const rgba = Array.from({ length: pixels }, (_, pixel) => {
    const [red, green, blue, alpha] = [0, 1, 2, 3].map((plane) => data[plane * pixels + pixel])
    const straight = [red, green, blue].map((value) => Math.min(1, value / alpha))
    return [...straight, alpha].map((value) => Math.round(255 * value))
  })
  writePng('red-heart', rgba.flat(), 128, 128)
}

function writePng(name, rgba, width, height) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits of red, green, blue and alpha.
  header.set([8, 6], 8)
  const rows = Array.from({ length: height }, (_, y) => [0, ...rgba.slice(4 * width * y, 4 * width * (y + 1))])
  const chunks = [
    ['IHDR', header],
    ['IDAT', deflateSync(Uint8Array.from(rows.flat()), { level: 9 })],
    ['IEND', Buffer.alloc(0)],
  ].map(([type, content]) => {
    const body = Buffer.concat([Buffer.from(type), content])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(content.length)
    const check = Buffer.alloc(4)
    check.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, check])
  })
  writeFileSync(
    new URL(`${name}.png`, import.meta.url),
    Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...chunks]),
  )
}

ort.env.wasm.numThreads = 1
await drawNeighbours()
await drawRedHeart()
