/**
 * Writes the networks in tiny/: the interface of the demo's model at a size that runs in a millisecond.
 *
 *   denoiser  x_t int32 [B,16] (0..23, mask 24), t int32 [B] (0..99), text int32 [B,16] (0..31) → logits float32 [B,16,24]
 *   decoder   codes int32 [B,16] (0..23) → rgba float32 [B,4,8,8] in 0..1
 *   encoder   rgba float32 [B,4,8,8] in 0..1 → codes int32 [B,16], those whose decoding is nearest
 *
 * The weights are pseudo-random and fixed; every logit depends on all tokens, on t and on all of text. Only operators
 * of onnxruntime's WebGPU provider are used, so a run never leaves the GPU. Run it with `node test/models/make_tiny.mjs`.
 */
import { writeFile } from 'node:fs/promises'
import onnxProto from 'onnx-proto'

const { onnx } = onnxProto
const { FLOAT, INT32, INT64 } = onnx.TensorProto.DataType

const numLatentPixels = 16
const numCodes = 24
const textLength = 16
const textVocabulary = 32
const width = 8

let counter = 0
/** A hash of the counter, uniform in [-scale, scale): the same numbers on every machine. */
function random(scale) {
  let x = counter++
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return ((((x ^ (x >>> 15)) >>> 8) / 2 ** 24) * 2 - 1) * scale
}

const weights = (name, dims, scale) => ({
  name,
  dims,
  dataType: FLOAT,
  floatData: Array.from({ length: dims.reduce((a, b) => a * b) }, () => random(scale)),
})
const integers = (name, values) => ({ name, dims: [values.length], dataType: INT64, int64Data: values })

const attributes = {
  axes: (value) => ({ name: 'axes', type: onnx.AttributeProto.AttributeType.INTS, ints: value }),
  perm: (value) => ({ name: 'perm', type: onnx.AttributeProto.AttributeType.INTS, ints: value }),
  to: (value) => ({ name: 'to', type: onnx.AttributeProto.AttributeType.INT, i: value }),
  axis: (value) => ({ name: 'axis', type: onnx.AttributeProto.AttributeType.INT, i: value }),
  keepdims: (value) => ({ name: 'keepdims', type: onnx.AttributeProto.AttributeType.INT, i: value }),
  blocksize: (value) => ({ name: 'blocksize', type: onnx.AttributeProto.AttributeType.INT, i: value }),
}
const node = (opType, input, output, given = {}) => ({
  opType,
  name: output,
  input,
  output: [output],
  attribute: Object.entries(given).map(([name, value]) => attributes[name](value)),
})

/** The batch axis comes first and is dynamic. */
const value = (name, elemType, dims) => ({
  name,
  type: {
    tensorType: { elemType, shape: { dim: [{ dimParam: 'batch' }, ...dims.map((dimValue) => ({ dimValue }))] } },
  },
})

async function write(file, graph) {
  const model = onnx.ModelProto.create({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph })
  await writeFile(new URL(`tiny/${file}`, import.meta.url), onnx.ModelProto.encode(model).finish())
}

await write('denoiser.onnx', {
  name: 'denoiser',
  input: [value('x_t', INT32, [numLatentPixels]), value('t', INT32, []), value('text', INT32, [textLength])],
  output: [value('logits', FLOAT, [numLatentPixels, numCodes])],
  initializer: [
    weights('token_table', [numCodes + 1, width], 1),
    integers('column', [-1, 1, 1]),
    weights('rates', [width], 0.05),
    weights('text_table', [textVocabulary, width], 3),
    weights('pixel_table', [numLatentPixels, width], 1),
    weights('mixing', [numLatentPixels, numLatentPixels], 0.7),
    weights('head', [width, numCodes], 2.5),
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
})

const codebook = weights('codebook', [numCodes, 16], 3)

await write('decoder.onnx', {
  name: 'decoder',
  input: [value('codes', INT32, [numLatentPixels])],
  output: [value('rgba', FLOAT, [4, 8, 8])],
  initializer: [codebook, integers('grid', [-1, 16, 4, 4])],
  node: [
    node('Gather', ['codebook', 'codes'], 'vectors'),
    node('Transpose', ['vectors'], 'channels', { perm: [0, 2, 1] }),
    node('Reshape', ['channels', 'grid'], 'patches'),
    node('DepthToSpace', ['patches'], 'pixels', { blocksize: 2 }),
    node('Sigmoid', ['pixels'], 'rgba'),
  ],
})

// Among the patches p that the codes stand for, the nearest to x has the highest 2x·p − p·p.
const patches = codebook.floatData.map((value) => 1 / (1 + Math.exp(-value)))
const patchOf = (code) => patches.slice(code * 16, code * 16 + 16)
const transposed = Array.from({ length: 16 * numCodes }, (_, i) => 2 * patchOf(i % numCodes)[Math.floor(i / numCodes)])
const lengths = Array.from(
  { length: numCodes },
  (_, code) => -patchOf(code).reduce((sum, value) => sum + value ** 2, 0),
)

await write('encoder.onnx', {
  name: 'encoder',
  input: [value('rgba', FLOAT, [4, 8, 8])],
  output: [value('codes', INT32, [numLatentPixels])],
  initializer: [
    { name: 'patches', dims: [16, numCodes], dataType: FLOAT, floatData: transposed },
    { name: 'lengths', dims: [numCodes], dataType: FLOAT, floatData: lengths },
    // Rows and columns of patches, 4 × 4 of 2 × 2 pixels; then a patch's values in the order of DepthToSpace.
    integers('blocks', [-1, 4, 4, 2, 4, 2]),
    integers('vectors', [-1, numLatentPixels, 16]),
  ],
  node: [
    node('Reshape', ['rgba', 'blocks'], 'split'),
    node('Transpose', ['split'], 'grouped', { perm: [0, 2, 4, 3, 5, 1] }),
    node('Reshape', ['grouped', 'vectors'], 'patch'),
    node('MatMul', ['patch', 'patches'], 'products'),
    node('Add', ['products', 'lengths'], 'nearness'),
    node('ArgMax', ['nearness'], 'nearest', { axis: 2, keepdims: 0 }),
    node('Cast', ['nearest'], 'codes', { to: INT32 }),
  ],
})
