import { transformerWeights } from '../../src/convert/checkpoint/architecture'
import type { TransformerConfig } from '../../src/convert/checkpoint/checkpoint'
import { denoiserGraph } from '../../src/convert/graphs/denoiser'
import { type GraphOptions, NetworkGraph } from '../../src/convert/graphs/network_graph'
import { encodeModel } from '../../src/convert/onnx/model'
import { ithq } from '../convert/full_size/models'
import { randomWeights } from '../convert/random_weights'

const { transformer } = ithq
const width = transformer.num_attention_heads * transformer.attention_head_dim
const numLatentPixels = transformer.latent_height * transformer.latent_width
const inner = transformer.ff_mult * width
/** Feature maps of the last level of ITHQ's decoder. */
const maps = { channels: 64, height: 256, width: 256 }

/** One layer with few codes: the head and the embeddings of thousands would take most of the time. */
const oneLayer: TransformerConfig = { ...transformer, num_layers: 1, num_vector_embeds: 65, num_embeds_ada_norm: 2 }

const weights = randomWeights([
  ['square.weight', [width, width]],
  ['wide.weight', [width, inner]],
  ['six.weight', [32, 6, 3, 3]],
  ['six.bias', [32]],
  ['norm.weight', [maps.channels]],
  ['norm.bias', [maps.channels]],
])

type Build = (graph: NetworkGraph, x: string) => string

/** A graph of x float32 [B, …dims] → y of the same or another shape. */
function graphOf(dims: readonly number[], options: GraphOptions, build: Build, output = dims): NetworkGraph {
  const graph = new NetworkGraph('full_width', weights, options)
  const y = build(graph, graph.input({ name: 'x', dataType: 'float32', dims }))
  graph.floatOutput('y', output, 'Identity', [y])
  return graph
}

const rows = [numLatentPixels, width]
const plain = { dtype: 'f32', attention: 'plain' } as const
/** Attention of x to itself, or to its first rows as to those of a text. */
const attend =
  (keys: number): Build =>
  (graph, x) => {
    const context =
      keys === numLatentPixels ? x : graph.node('Slice', [x, ...[0, keys, 1].map((i) => graph.integers(i))])
    return graph.attention(x, context, context, transformer.num_attention_heads, width)
  }

/** Graphs as the converter writes them, at ITHQ's widths. */
const graphs: Readonly<Record<string, () => NetworkGraph>> = {
  MatMul: () => graphOf(rows, plain, (graph, x) => graph.matMul(x, 'square')),
  'MatMulNBits, 4 bits': () => graphOf(rows, { ...plain, dtype: 'q4' }, (graph, x) => graph.matMul(x, 'square')),
  'MatMulNBits, 8 bits': () => graphOf(rows, { ...plain, dtype: 'q8' }, (graph, x) => graph.matMul(x, 'square')),
  'MatMulNBits, 4 bits, of the wide layer': () =>
    graphOf([128, inner], { ...plain, dtype: 'q4' }, (graph, x) => graph.matMul(x, 'wide'), [128, width]),
  'attention, fused': () => graphOf(rows, { ...plain, attention: 'fused' }, attend(numLatentPixels)),
  'attention, plain': () => graphOf(rows, plain, attend(numLatentPixels)),
  'attention to a text, fused': () => graphOf(rows, { ...plain, attention: 'fused' }, attend(77)),
  'attention to a text, plain': () => graphOf(rows, plain, attend(77)),
  QuickGelu: () => graphOf([numLatentPixels, inner], plain, (graph, x) => graph.quickGelu(x)),
  InstanceNormalization: () =>
    graphOf([maps.channels, maps.height, maps.width], plain, (graph, x) => graph.groupNorm(x, 'norm', 32, maps)),
  // Of no published model: wrong on WebGPU unless channels are added.
  'a convolution of 6 channels': () =>
    graphOf([6, 16, 16], plain, (graph, x) => graph.convolution(x, 'six'), [32, 16, 16]),
  'a layer of the denoiser, 4 bits': () =>
    denoiserGraph(
      { config: oneLayer, weights: randomWeights(transformerWeights(oneLayer), transformer.latent_width) },
      77,
      { dtype: 'q4', attention: 'fused' },
    ),
}

export const fullWidthNames = Object.keys(graphs)

/** One of the graphs with its weights, as an .onnx file. */
export async function fullWidthModel(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const graph = graphs[name]!()
  const contents = new Map<string, Uint8Array>()
  for (const { tensors, make } of graph.groups)
    for (const [i, { buffer, byteOffset, byteLength }] of (await make()).entries())
      contents.set(tensors[i]!.name, new Uint8Array(buffer, byteOffset, byteLength))
  return encodeModel(graph, (constant) => ({ content: contents.get(constant)! }))
}
