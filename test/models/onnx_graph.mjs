/** Parts of ONNX graphs for the small networks of the tests. Weights are pseudo-random and fixed. */
import onnxProto from 'onnx-proto'

const { onnx } = onnxProto
const { INT, INTS, STRING } = onnx.AttributeProto.AttributeType

export const { FLOAT, INT32, INT64 } = onnx.TensorProto.DataType
export const { EXTERNAL } = onnx.TensorProto.DataLocation

let counter = 0
/** A hash of the counter, uniform in [-scale, scale): the same numbers on every machine. */
export function random(scale) {
  let x = counter++
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return ((((x ^ (x >>> 15)) >>> 8) / 2 ** 24) * 2 - 1) * scale
}

export function weights(name, dims, scale) {
  const length = dims.reduce((a, b) => a * b)
  const values = Array.from({ length }, () => random(scale))
  return floats(name, dims, values)
}

export function floats(name, dims, floatData) {
  return { name, dims, dataType: FLOAT, floatData }
}

export function integers(name, values) {
  return { name, dims: [values.length], dataType: INT64, int64Data: values }
}

/** A tensor of the interface; its batch axis comes first and is dynamic. */
export function value(name, elemType, dims) {
  const dim = [{ dimParam: 'batch' }, ...dims.map((dimValue) => ({ dimValue }))]
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}

export function node(opType, input, output, attributes = {}) {
  return { opType, name: output, input, output: [output], attribute: Object.entries(attributes).map(attribute) }
}

function attribute([name, given]) {
  if (Array.isArray(given)) return { name, type: INTS, ints: given }
  if (typeof given === 'number') return { name, type: INT, i: given }
  return { name, type: STRING, s: new TextEncoder().encode(given) }
}

const MICROSOFT = 'com.microsoft'

/** A node of an operator of onnxruntime's own. */
export function microsoftNode(...parts) {
  return { ...node(...parts), domain: MICROSOFT }
}

/** The content of an .onnx file. */
export function encodeModel(graph) {
  const opsetImport = [{ domain: '', version: 17 }]
  if (graph.node.some(({ domain }) => domain === MICROSOFT)) opsetImport.push({ domain: MICROSOFT, version: 1 })
  const model = onnx.ModelProto.create({ irVersion: 8, opsetImport, graph })
  return onnx.ModelProto.encode(model).finish()
}

/** x_t int32 [B, N], t int32 [B], text int32 [B, L] → logits float32 [B, N, K], each of which depends on all inputs. */
export function denoiserGraph({ numLatentPixels, numCodes, textLength, textVocabulary, width, mixing, head }) {
  return {
    name: 'denoiser',
    input: [value('x_t', INT32, [numLatentPixels]), value('t', INT32, []), value('text', INT32, [textLength])],
    output: [value('logits', FLOAT, [numLatentPixels, numCodes])],
    initializer: [
      weights('token_table', [numCodes + 1, width], 1),
      integers('column', [-1, 1, 1]),
      weights('rates', [width], 0.05),
      weights('text_table', [textVocabulary, width], 3),
      weights('pixel_table', [numLatentPixels, width], 1),
      weights('mixing', [numLatentPixels, numLatentPixels], mixing),
      weights('head', [width, numCodes], head),
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

/**
 * Codes of a grid to pixels of 0 … 1, rgba float32 [B,channels,2·rows,2·columns]: each code is a patch of 2 × 2 pixels.
 *
 * @param codebook [codes, 4·channels]
 */
export function patchDecoderGraph({ rows, columns, channels, codebook }) {
  return {
    name: 'decoder',
    input: [value('codes', INT32, [rows * columns])],
    output: [value('rgba', FLOAT, [channels, 2 * rows, 2 * columns])],
    initializer: [codebook, integers('grid', [-1, 4 * channels, rows, columns])],
    node: [
      node('Gather', [codebook.name, 'codes'], 'vectors'),
      node('Transpose', ['vectors'], 'channels', { perm: [0, 2, 1] }),
      node('Reshape', ['channels', 'grid'], 'patches'),
      node('DepthToSpace', ['patches'], 'pixels', { blocksize: 2 }),
      node('Sigmoid', ['pixels'], 'rgba'),
    ],
  }
}
