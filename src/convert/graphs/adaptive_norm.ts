import type { Weights } from '../checkpoint/checkpoint'
import type { NetworkGraph } from './network_graph'

/**
 * Layer normalisation whose gain and shift depend on an index: a timestep or a class. Both are tables, computed at
 * conversion from embedding, SiLU and linear layer: fewer weights, no matrix products in a step, and an index for each
 * batch item.
 *
 * @param indices int64 or int32 [B, 1]
 */
export function adaptiveNorm(graph: NetworkGraph, x: string, layer: string, indices: string): string {
  const [count = 0, width = 0] = graph.shape(`${layer}.emb.weight`)
  graph.shape(`${layer}.linear.weight`)
  const dims = [count, width]
  const [gain, shift] = graph.addFloats(
    [
      { name: `${layer}.gain`, dims },
      { name: `${layer}.shift`, dims },
    ],
    () => tables(graph.weights, layer, count, width),
  )
  const normal = graph.plainLayerNorm(x, width)
  const scaled = graph.node('Mul', [normal, graph.node('Gather', [gain!, indices])])
  return graph.node('Add', [scaled, graph.node('Gather', [shift!, indices])])
}

/** Gain and shift of every index: [gain − 1, shift] = linear(SiLU(embedding)). */
async function tables(weights: Weights, layer: string, count: number, width: number) {
  const embedding = await weights.read(`${layer}.emb.weight`)
  const matrix = await weights.read(`${layer}.linear.weight`)
  const bias = await weights.read(`${layer}.linear.bias`)
  const active = Float64Array.from(embedding, (value) => value / (1 + Math.exp(-value)))
  const gain = new Float32Array(count * width)
  const shift = new Float32Array(count * width)
  for (let output = 0; output < 2 * width; output++) {
    const row = Float64Array.from(matrix.subarray(output * width, (output + 1) * width))
    for (let index = 0; index < count; index++) {
      let sum = bias[output]!
      for (let d = 0; d < width; d++) sum += active[index * width + d]! * row[d]!
      if (output < width) gain[index * width + output] = 1 + sum
      else shift[index * width + output - width] = sum
    }
  }
  return [gain, shift]
}
