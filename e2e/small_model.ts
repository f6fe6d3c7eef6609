/**
 * Networks that run in milliseconds, with the inputs and outputs of the demo's model: the tests that prove more than the
 * page, but need no picture of a thing, load them in its place. The pictures are coloured squares that follow from the
 * seed, the timesteps and the words.
 *
 *   denoiser  x_t int32 [B,256], t int32 [B], text int32 [B,16] → logits float32 [B,256,4096]
 *   decoder   codes int32 [B,256] → rgba float32 [B,4,128,128] in 0..1, premultiplied; one colour a token
 *   encoder   rgba float32 [B,4,128,128] → codes int32 [B,256], those of the nearest colours
 *
 * The weights are pseudo-random and fixed. Each file has as many bytes as the one in whose place it is served.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import onnxProto from 'onnx-proto'

const { onnx } = onnxProto
const { FLOAT, INT32, INT64 } = onnx.TensorProto.DataType
const { INT, INTS, STRING } = onnx.AttributeProto.AttributeType

const SIDE = 16
const NUM_LATENT_PIXELS = SIDE * SIDE
const NUM_CODES = 4096
const TEXT_LENGTH = 16
const VOCABULARY = 3637
const CHANNELS = 4
const WIDTH = 8
/** Pixels along the square of a token. */
const SQUARE = 8

const FOLDER = new URL('../demo/public/models/emoji-16x16/', import.meta.url)

/** A file to serve in the place of another one. */
export interface Substitute {
  /** As in `denoiser/model.onnx`. */
  file: string
  content: Buffer
  /** Of the original and of `content`, in hexadecimal. */
  sha256: { original: string; substitute: string }
}

type Graph = NonNullable<ConstructorParameters<typeof onnx.ModelProto>[0]>['graph']

export function smallModel(): Promise<Substitute[]> {
  const palette = colours()
  return Promise.all([
    substitute('denoiser/model.onnx', denoiser()),
    substitute('vqvae/decoder.onnx', decoder(palette)),
    substitute('vqvae/encoder.onnx', encoder(palette)),
  ])
}

function denoiser(): Graph {
  return {
    name: 'denoiser',
    input: [value('x_t', INT32, [NUM_LATENT_PIXELS]), value('t', INT32, []), value('text', INT32, [TEXT_LENGTH])],
    output: [value('logits', FLOAT, [NUM_LATENT_PIXELS, NUM_CODES])],
    initializer: [
      weights('token_table', [NUM_CODES + 1, WIDTH], 1),
      integers('column', [-1, 1, 1]),
      weights('rates', [WIDTH], 0.05),
      weights('text_table', [VOCABULARY, WIDTH], 3),
      weights('pixel_table', [NUM_LATENT_PIXELS, WIDTH], 1),
      weights('mixing', [NUM_LATENT_PIXELS, NUM_LATENT_PIXELS], 0.2),
      weights('head', [WIDTH, NUM_CODES], 3),
    ],
    node: [
      node('Gather', ['token_table', 'x_t'], 'tokens'),
      node('Cast', ['t'], 'hours', { to: FLOAT }),
      node('Reshape', ['hours', 'column'], 'hour'),
      node('Mul', ['hour', 'rates'], 'angle'),
      node('Tanh', ['angle'], 'time'),
      node('Gather', ['text_table', 'text'], 'words'),
      node('ReduceMean', ['words'], 'sentence', { axes: [1] }),
      node('MatMul', ['mixing', 'tokens'], 'mixed'),
      node('Add', ['mixed', 'pixel_table'], 'placed'),
      node('Add', ['placed', 'time'], 'timed'),
      node('Add', ['timed', 'sentence'], 'conditioned'),
      node('Tanh', ['conditioned'], 'hidden'),
      node('MatMul', ['hidden', 'head'], 'logits'),
    ],
  }
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

function encoder(palette: number[]): Graph {
  // Of the colours p, the nearest to x has the highest 2x·p − p·p.
  const doubled = Array.from({ length: CHANNELS * NUM_CODES }, (_, i) => {
    const [channel, code] = [Math.floor(i / NUM_CODES), i % NUM_CODES]
    return 2 * palette[CHANNELS * code + channel]!
  })
  const lengths = Array.from({ length: NUM_CODES }, (_, code) => {
    const colour = palette.slice(CHANNELS * code, CHANNELS * (code + 1))
    return -colour.reduce((sum, part) => sum + part ** 2, 0)
  })
  return {
    name: 'encoder',
    input: [value('rgba', FLOAT, [CHANNELS, SIDE * SQUARE, SIDE * SQUARE])],
    output: [value('codes', INT32, [NUM_LATENT_PIXELS])],
    initializer: [
      integers('list', [-1, CHANNELS, NUM_LATENT_PIXELS]),
      floats('doubled', [CHANNELS, NUM_CODES], doubled),
      floats('lengths', [NUM_CODES], lengths),
    ],
    node: [
      node('AveragePool', ['rgba'], 'small', { kernel_shape: [SQUARE, SQUARE], strides: [SQUARE, SQUARE] }),
      node('Reshape', ['small', 'list'], 'channels'),
      node('Transpose', ['channels'], 'colours', { perm: [0, 2, 1] }),
      node('MatMul', ['colours', 'doubled'], 'products'),
      node('Add', ['products', 'lengths'], 'nearness'),
      node('ArgMax', ['nearness'], 'nearest', { axis: 2, keepdims: 0 }),
      node('Cast', ['nearest'], 'codes', { to: INT32 }),
    ],
  }
}

async function substitute(file: string, graph: Graph): Promise<Substitute> {
  const original = await readFile(new URL(file, FOLDER))
  const model = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph }).finish()
  const content = padded(Buffer.from(model), original.length)
  return { file, content, sha256: { original: sha256(original), substitute: sha256(content) } }
}

/** The model with a description so long that there are `bytes` bytes; more than 2 MB of them. */
function padded(model: Buffer, bytes: number): Buffer {
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

let counter = 0

/** A hash of the counter, uniform in [-scale, scale): the same numbers on every machine. */
function random(scale: number): number {
  let x = counter++
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return ((((x ^ (x >>> 15)) >>> 8) / 2 ** 24) * 2 - 1) * scale
}

function weights(name: string, dims: number[], scale: number) {
  const length = dims.reduce((a, b) => a * b)
  const values = Array.from({ length }, () => random(scale))
  return floats(name, dims, values)
}

function floats(name: string, dims: number[], floatData: number[]) {
  return { name, dims, dataType: FLOAT, floatData }
}

function integers(name: string, values: number[]) {
  return { name, dims: [values.length], dataType: INT64, int64Data: values }
}

/** A tensor of the interface; its batch axis comes first and is dynamic. */
function value(name: string, elemType: number, dims: number[]) {
  const dim = [{ dimParam: 'batch' }, ...dims.map((dimValue) => ({ dimValue }))]
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}

type AttributeValue = number | number[] | string

function node(opType: string, input: string[], output: string, attributes: Record<string, AttributeValue> = {}) {
  return { opType, name: output, input, output: [output], attribute: Object.entries(attributes).map(attribute) }
}

function attribute([name, value]: [string, AttributeValue]) {
  if (typeof value === 'string') return { name, type: STRING, s: Buffer.from(value) }
  if (typeof value === 'number') return { name, type: INT, i: value }
  return { name, type: INTS, ints: value }
}
