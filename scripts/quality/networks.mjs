import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { requireTool } from './tools.mjs'

const model = fileURLToPath(new URL('../../packages/vq-diffusion-emoji/emoji-16x16', import.meta.url))

/** The denoiser as WebAssembly runs it, which is also the fastest in Node. */
export const int8Denoiser = join(model, 'denoiser/model_int8.onnx')
export const numLatentPixels = 256
export const numCodes = 4096
export const maskClass = numCodes

/** A file of the model, of JSON. */
export const modelJson = (path) => JSON.parse(readFileSync(join(model, path), 'utf8'))

/** The tokenizer of the model. */
export const createTokenizer = () => new WordTokenizer(modelJson('tokenizer/tokenizer.json'))

/**
 * A network in one thread.
 *
 * @param {string} path of an ONNX file
 */
async function createSession(path) {
  const ort = requireTool('onnxruntime-node')
  return ort.InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 })
}

/**
 * The denoiser as a function of tokens, timesteps and text, i32, of all rows: logits f32 [rows, pixels, codes], which the
 * next call of as many rows overwrites.
 */
export async function createDenoiser(path = int8Denoiser) {
  const { Tensor } = requireTool('onnxruntime-node')
  const session = await createSession(path)
  const logitsByRows = {}
  return async (tokens, timesteps, text) => {
    const rows = timesteps.length
    logitsByRows[rows] ??= new Float32Array(rows * numLatentPixels * numCodes)
    const logits = new Tensor('float32', logitsByRows[rows], [rows, numLatentPixels, numCodes])
    const feeds = {
      x_t: new Tensor('int32', tokens, [rows, numLatentPixels]),
      t: new Tensor('int32', timesteps, [rows]),
      text: new Tensor('int32', text, [rows, text.length / rows]),
    }
    await session.run(feeds, { logits })
    return logitsByRows[rows]
  }
}

/** The decoder as a function of tokens, i32: pictures f32 [4, 128, 128] each, premultiplied, 0..1. */
export async function createDecoder() {
  const { Tensor } = requireTool('onnxruntime-node')
  const session = await createSession(join(model, 'vqvae/decoder.onnx'))
  return async (tokens) => {
    const count = tokens.length / numLatentPixels
    const { rgba } = await session.run({ codes: new Tensor('int32', tokens, [count, numLatentPixels]) })
    const size = rgba.data.length / count
    return Array.from({ length: count }, (_, i) => rgba.data.subarray(i * size, (i + 1) * size))
  }
}
