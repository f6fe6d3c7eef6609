/**
 * Int8 weights multiplied as int8, and the fused operators that onnxruntime's WebAssembly provider has. No matrix is changed
 * when a session is created, as the dequantised ones of the other graph are.
 */
import { float } from './graph.mjs'
import { FLOAT } from './tensor.mjs'

const scaled = (graph, { name, scale }, rows) =>
  graph.op('Mul', [graph.op('Cast', [rows], { to: FLOAT }), graph.weights(`${name}.scale`, scale)])

export function wholeTable(graph, table) {
  return scaled(graph, table, graph.weights(table.name, table.rows))
}

export function rowsOf(graph, table, index) {
  return scaled(graph, table, graph.op('Gather', [graph.weights(table.name, table.rows), index]))
}

/** The input is quantised at every run, with one scale for all of it. */
export function linear(graph, { name, matrix, scale, bias }, x) {
  const [weights, scales, biases] = [
    graph.weights(name, matrix),
    graph.weights(`${name}.scale`, scale),
    graph.weights(`${name}.bias`, bias),
  ]
  const zeroPoints = ''
  return graph.contribOp('DynamicQuantizeMatMul', [x, weights, scales, zeroPoints, biases])
}

export function attention(graph, [queries, keys, values], numHeads) {
  const inputs = [queries, keys, values].map((x) => graph.op('Reshape', [x, graph.integers([0, 0, -1])]))
  return graph.contribOp('MultiHeadAttention', inputs, { num_heads: numHeads, scale: float(1) })
}

export function gelu(graph, x) {
  return graph.contribOp('FastGelu', [x])
}
