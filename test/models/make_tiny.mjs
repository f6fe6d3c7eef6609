/**
 * Writes the networks in tiny/: the interface of the demo's model at a size that runs in a millisecond.
 *
 *   denoiser  x_t int32 [B,16] (0..23, mask 24), t int32 [B] (0..99), text int32 [B,16] (0..31) → logits float32 [B,16,24]
 *   decoder   codes int32 [B,16] (0..23) → rgba float32 [B,4,8,8] in 0..1
 *   encoder   rgba float32 [B,4,8,8] in 0..1 → codes int32 [B,16], those whose decoding is nearest
 *   attention x float32 [B,64,32] → fused, plain float32 [B,64,32], the same self-attention by one operator and by five
 *
 * The weights are pseudo-random and fixed; every logit depends on all tokens, on t and on all of text. Only operators
 * of onnxruntime's WebGPU provider are used, so a run never leaves the GPU. Run it with `node test/models/make_tiny.mjs`.
 */
import { writeFile } from 'node:fs/promises'
import {
  denoiserGraph,
  encodeModel,
  FLOAT,
  floats,
  INT32,
  integers,
  microsoftNode,
  node,
  patchDecoderGraph,
  value,
  weights,
} from './onnx_graph.mjs'

const numLatentPixels = 16
const numCodes = 24

async function write(file, graph) {
  await writeFile(new URL(`tiny/${file}`, import.meta.url), encodeModel(graph))
}

await write(
  'denoiser.onnx',
  denoiserGraph({ numLatentPixels, numCodes, textLength: 16, textVocabulary: 32, width: 8, mixing: 0.7, head: 2.5 }),
)

const codebook = weights('codebook', [numCodes, 16], 3)

await write('decoder.onnx', patchDecoderGraph({ rows: 4, columns: 4, channels: 4, codebook }))

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
    floats('patches', [16, numCodes], transposed),
    floats('lengths', [numCodes], lengths),
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

const [numHeads, headWidth, numPositions] = [2, 16, 64]
const width = numHeads * headWidth
const projections = ['q', 'k', 'v']

await write('attention.onnx', {
  name: 'attention',
  input: [value('x', FLOAT, [numPositions, width])],
  output: ['fused', 'plain'].map((name) => value(name, FLOAT, [numPositions, width])),
  initializer: [
    ...projections.map((name) => weights(`${name}_weights`, [width, width], 0.5)),
    floats('scale', [1], [1 / Math.sqrt(headWidth)]),
    integers('heads', [0, numPositions, numHeads, headWidth]),
    integers('joined', [0, numPositions, width]),
  ],
  node: [
    ...projections.map((name) => node('MatMul', ['x', `${name}_weights`], name)),
    microsoftNode('MultiHeadAttention', projections, 'fused', { num_heads: numHeads }),
    ...projections.map((name) => node('Reshape', [name, 'heads'], `${name}_split`)),
    node('Transpose', ['q_split'], 'q_heads', { perm: [0, 2, 1, 3] }),
    node('Transpose', ['k_split'], 'k_heads', { perm: [0, 2, 3, 1] }),
    node('Transpose', ['v_split'], 'v_heads', { perm: [0, 2, 1, 3] }),
    node('MatMul', ['q_heads', 'k_heads'], 'products'),
    node('Mul', ['products', 'scale'], 'scores'),
    node('Softmax', ['scores'], 'attention', { axis: -1 }),
    node('MatMul', ['attention', 'v_heads'], 'values'),
    node('Transpose', ['values'], 'values_split', { perm: [0, 2, 1, 3] }),
    node('Reshape', ['values_split', 'joined'], 'plain'),
  ],
})
