/**
 * Float32 arithmetic on dequantised weights, of operators that onnxruntime's WebGPU provider has itself: none falls to the
 * CPU. Casts and products of weights alone are computed once, when the session is created.
 */

import { FLOAT } from './tensor.mjs'

/** A matrix or table [rows, columns], a scale for each of whose columns makes it int8. */
function dequantised(graph, name, quantised, scale) {
  const floats = graph.op('Cast', [graph.weights(name, quantised)], { to: FLOAT })
  return graph.op('Mul', [floats, graph.weights(`${name}.scale`, scale)])
}

export function wholeTable(graph, { name, rows, scale }) {
  return dequantised(graph, name, rows, scale)
}

export function rowsOf(graph, table, index) {
  return graph.op('Gather', [wholeTable(graph, table), index])
}

export function linear(graph, { name, matrix, scale, bias }, x) {
  const product = graph.op('MatMul', [x, dequantised(graph, name, matrix, scale)])
  return graph.op('Add', [product, graph.weights(`${name}.bias`, bias)])
}

/** Not MultiHeadAttention, which the provider computes wrongly on devices with subgroups of 4 (onnxruntime-web 1.30). */
export function attention(graph, [queries, keys, values]) {
  const [q, k, v] = [
    [queries, [0, 2, 1, 3]],
    [keys, [0, 2, 3, 1]],
    [values, [0, 2, 1, 3]],
  ].map(([x, perm]) => graph.op('Transpose', [x], { perm }))
  const weights = graph.op('Softmax', [graph.op('MatMul', [q, k])], { axis: -1 })
  const attended = graph.op('Transpose', [graph.op('MatMul', [weights, v])], { perm: [0, 2, 1, 3] })
  return graph.op('Reshape', [attended, graph.integers([0, 0, -1])])
}

export function gelu(graph, x) {
  return graph.contribOp('Gelu', [x])
}
