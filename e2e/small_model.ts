/**
 * Networks that run in milliseconds, with the inputs and outputs of the demo's model: the tests that prove more than the
 * page, but need no picture of a thing, load them in its place. The pictures are coloured squares that follow from the
 * seed, the timesteps and the words.
 *
 *   denoiser  x_t int32 [B,256], t int32 [B], text int32 [B,16] → logits float32 [B,256,4096]
 *   decoder   codes int32 [B,256] → rgba float32 [B,4,128,128] in 0..1, premultiplied; one colour a token
 *
 * The weights are pseudo-random and fixed. Each file has as many bytes as the one in whose place it is served; the denoiser
 * is the same for WebGPU and WebAssembly.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import {
  denoiserGraph,
  EXTERNAL,
  encodeModel,
  FLOAT,
  floats,
  type Graph,
  INT32,
  integers,
  node,
  random,
  value,
} from '../test/models/onnx_graph.mjs'

const SIDE = 16
const NUM_LATENT_PIXELS = SIDE * SIDE
const NUM_CODES = 4096
const CHANNELS = 4
/** Pixels along the square of a token. */
const SQUARE = 8

const FOLDER = new URL('../packages/vq-diffusion-emoji/emoji-16x16/', import.meta.url)

/** A file to serve in the place of another one. */
export interface Substitute {
  /** As in `denoiser/model.onnx`. */
  file: string
  content: Buffer
  /** Of the original and of `content`, in hexadecimal. */
  sha256: { original: string; substitute: string }
}

export function smallModel(): Promise<Substitute[]> {
  const palette = colours()
  const { graph, weights } = withoutWeights(denoiser(), 'weights.bin')
  return Promise.all([
    substitute('denoiser/model.onnx', graph, padModel),
    substitute('denoiser/model_int8.onnx', graph, padModel),
    substitute('denoiser/weights.bin', weights, (content, bytes) =>
      Buffer.concat([content, Buffer.alloc(bytes - content.length)]),
    ),
    substitute('vqvae/decoder.onnx', encodeModel(decoder(palette)), padModel),
  ])
}

function denoiser(): Graph {
  return denoiserGraph({
    numLatentPixels: NUM_LATENT_PIXELS,
    numCodes: NUM_CODES,
    textLength: 16,
    textVocabulary: 3637,
    width: 8,
    mixing: 0.2,
    head: 3,
  })
}

/** Premultiplied RGBA of each code, [4096, 4]. */
function colours(): number[] {
  return Array.from({ length: NUM_CODES }, () => {
    const alpha = 0.5 + random(0.5)
    return [...Array.from({ length: 3 }, () => alpha * (0.5 + random(0.5))), alpha]
  }).flat()
}

function decoder(palette: number[]): Graph {
  const asymmetric = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  return {
    name: 'decoder',
    input: [value('codes', INT32, [NUM_LATENT_PIXELS])],
    output: [value('rgba', FLOAT, [CHANNELS, SIDE * SQUARE, SIDE * SQUARE])],
    initializer: [
      floats('palette', [NUM_CODES, CHANNELS], palette),
      integers('grid', [-1, CHANNELS, SIDE, SIDE]),
      floats('scales', [4], [1, 1, SQUARE, SQUARE]),
    ],
    node: [
      node('Gather', ['palette', 'codes'], 'colours'),
      node('Transpose', ['colours'], 'channels', { perm: [0, 2, 1] }),
      node('Reshape', ['channels', 'grid'], 'planes'),
      node('Resize', ['planes', '', 'scales'], 'rgba', { mode: 'nearest', ...asymmetric }),
    ],
  }
}

/** A graph whose float weights are moved to a file of this name. */
function withoutWeights(graph: Graph, location: string): { graph: Uint8Array; weights: Uint8Array } {
  const parts: Buffer[] = []
  let offset = 0
  const initializer = graph.initializer!.map((tensor) => {
    if (tensor.dataType !== FLOAT) return tensor
    const part = Buffer.from(Float32Array.from(tensor.floatData!).buffer)
    const place = { location, offset, length: part.length }
    parts.push(part)
    offset += part.length
    const externalData = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }))
    return { ...tensor, floatData: [], dataLocation: EXTERNAL, externalData }
  })
  return { graph: encodeModel({ ...graph, initializer }), weights: Buffer.concat(parts) }
}

async function substitute(
  file: string,
  small: Uint8Array,
  pad: (content: Uint8Array, bytes: number) => Buffer,
): Promise<Substitute> {
  const original = await readFile(new URL(file, FOLDER))
  const content = pad(small, original.length)
  return { file, content, sha256: { original: sha256(original), substitute: sha256(content) } }
}

/** The model with a description so long that there are `bytes` bytes. */
function padModel(model: Uint8Array, bytes: number): Buffer {
  const docString = 6
  const lengthDelimited = 2
  const keyBytes = 1
  // Seven bits each, the lowest first; all but the last have the high bit.
  const lengthBytes = 4
  const length = bytes - model.length - keyBytes - lengthBytes
  const written = [0, 7, 14, 21].map((shift) => ((length >> shift) & 127) | (shift < 21 ? 128 : 0))
  return Buffer.concat([model, Buffer.from([(docString << 3) | lengthDelimited, ...written]), Buffer.alloc(length)])
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
