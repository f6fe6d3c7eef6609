import { float, GraphBuilder, value } from './graph.mjs'
import { FLOAT, INT32 } from './tensor.mjs'

/**
 * The denoiser as an ONNX graph: a transformer over the words of a prompt and the tokens of a picture, in which the timestep
 * scales and shifts what goes into a layer, and scales what comes out of it.
 *
 * @param {ReturnType<typeof import('./denoiser_weights.mjs').denoiserWeights>} weights
 * @param {typeof import('./int8_operators.mjs') | typeof import('./float32_operators.mjs')} operators what providers of
 *   onnxruntime compute in different ways
 * @param {import('./weights_file.mjs').WeightsFile} weightsFile
 * @returns {Uint8Array} the content of the .onnx file
 */
export function denoiserGraph(weights, operators, weightsFile) {
  const graph = new GraphBuilder(weightsFile)
  const [numPixels, width] = weights.pixels.rows.dims
  const [numWords] = weights.wordPlaces.rows.dims
  const [headSize] = weights.blocks[0].queryGain.dims
  const numHeads = width / headSize

  const vector = (name, values) => graph.weights(name, { dims: [values.length], values: Float32Array.from(values) })
  const constant = (number, size) => vector(`${size} × ${number}`, new Array(size).fill(number))
  const add = (a, b) => graph.op('Add', [a, b])
  const multiply = (a, b) => graph.op('Mul', [a, b])
  const reshape = (x, shape) => graph.op('Reshape', [x, graph.integers(shape)])
  const normalise = (x, gain, shift) =>
    graph.op('LayerNormalization', [x, gain, shift], { axis: -1, epsilon: float(1e-5) })

  /** The vectors of words or tokens, with those of their places. */
  function embed(table, places, index) {
    return add(operators.rowsOf(graph, table, index), operators.wholeTable(graph, places))
  }

  /** Without the words, which come first. */
  function pixelsOf(x) {
    const [from, to, axis] = [[numWords], [numWords + numPixels], [1]].map((values) => graph.integers(values))
    return graph.op('Slice', [x, from, to, axis])
  }

  /** Queries, keys and values, each [B, words + tokens, heads, headSize]. */
  function attentionInputs(x, { name, queriesKeysValues, queryGain, keyGain }) {
    const parts = graph.split(operators.linear(graph, queriesKeysValues, x), -1, 3)
    const [queries, keys, values] = parts.map((part) => reshape(part, [0, 0, numHeads, headSize]))
    // The factor of the scores is applied to the queries.
    const gains = [queryGain.values.map((gain) => gain / Math.sqrt(headSize)), keyGain.values]
    const [query, key] = ['query', 'key'].map((part, i) => vector(`${name}.${part}.gain`, gains[i]))
    const shift = constant(0, headSize)
    return [normalise(queries, query, shift), normalise(keys, key, shift), values]
  }

  /** Six vectors [B, 1, width]: scale, shift and outer scale of the attention, then those of the feed-forward layer. */
  function modulations({ name, modulation }, timestep) {
    // A scale is learnt as its distance from 1.
    const values = modulation.values.map((learnt, i) => learnt + Number([0, 3].includes(Math.floor(i / width))))
    const learnt = graph.weights(`${name}.modulation`, { dims: modulation.dims, values })
    return graph.split(add(timestep, learnt), 1, 6)
  }

  const modulated = (x, scale, shift) =>
    add(multiply(normalise(x, constant(1, width), constant(0, width)), scale), shift)

  const timestep = graph.op('Gather', [graph.weights('time', weights.time), 't'])
  const words = embed(weights.words, weights.wordPlaces, 'text')
  const tokens = embed(weights.tokens, weights.pixels, 'x_t')
  let x = graph.op('Concat', [words, tokens], { axis: 1 })
  for (const block of weights.blocks) {
    const [scale, shift, outerScale, scale2, shift2, outerScale2] = modulations(block, timestep)
    let attended = operators.attention(graph, attentionInputs(modulated(x, scale, shift), block), numHeads)
    // Nothing attends to the words after the last block.
    if (block === weights.blocks.at(-1)) [attended, x] = [pixelsOf(attended), pixelsOf(x)]
    x = add(x, multiply(operators.linear(graph, block.attentionOutput, attended), outerScale))
    const hidden = operators.gelu(graph, operators.linear(graph, block.feedForwardInput, modulated(x, scale2, shift2)))
    x = add(x, multiply(operators.linear(graph, block.feedForwardOutput, hidden), outerScale2))
  }
  const { gain, shift, head } = weights
  operators.linear(graph, head, normalise(x, graph.weights('gain', gain), graph.weights('shift', shift)))

  const inputs = [value('x_t', INT32, [numPixels]), value('t', INT32, []), value('text', INT32, [numWords])]
  return graph.encode(inputs, value('logits', FLOAT, [numPixels, ...head.bias.dims]))
}
