import type { Autoencoder } from '../checkpoint/checkpoint'
import { AutoencoderBlocks, downsamplers, type FeatureMap } from './autoencoder'
import type { Grid } from './decoder'
import { type GraphOptions, NetworkGraph, transposed } from './network_graph'

/** rgba float32 [B, channels, height, width], −1 … 1 → codes int32 [B, N]: the nearest code of each latent pixel. */
export function encoderGraph(
  { config, weights, codesOfEntries }: Autoencoder,
  [rows, columns]: Grid,
  options: GraphOptions,
) {
  const graph = new NetworkGraph('encoder', weights, options)
  const blocks = new AutoencoderBlocks(graph, config)
  const halvings = downsamplers(weights)
  const [height, width] = [rows * 2 ** halvings, columns * 2 ** halvings]
  const image = graph.floatInput('rgba', [config.in_channels, height, width])
  const [channels = 0] = graph.shape('encoder.conv_in.weight')
  let x: FeatureMap = { map: graph.convolution(image, 'encoder.conv_in'), extent: { channels, height, width } }
  for (let i = 0; graph.has(`encoder.down_blocks.${i}.resnets.0.conv1.weight`); i++) {
    x = blocks.group(`encoder.down_blocks.${i}`, x)
    const downsampler = `encoder.down_blocks.${i}.downsamplers.0.conv`
    if (graph.has(`${downsampler}.weight`)) x = halved(graph, downsampler, x)
  }
  x = blocks.middle('encoder.mid_block', x)
  const latent = graph.convolution(blocks.normalised('encoder.conv_norm_out', x), 'encoder.conv_out')
  const [embedding = 0] = graph.shape('quant_conv.weight')
  const columnsOfLatent = graph.node('Reshape', [
    graph.convolution(latent, 'quant_conv'),
    graph.integers(0, embedding, rows * columns),
  ])
  const vectors = graph.node('Transpose', [columnsOfLatent], { perm: [0, 2, 1] })
  const scores =
    config.quantizer === 'projection'
      ? graph.linear(vectors, 'quantize.proj', 'exact')
      : nearness(graph, vectors, embedding)
  const entries = graph.node('ArgMax', [scores], { axis: -1, keepdims: 0 })
  graph.outputs.push({ name: 'codes', dataType: 'int32', dims: [rows * columns] })
  if (codesOfEntries) graph.node('Gather', [codesTable(graph, codesOfEntries), entries], {}, 'codes')
  else graph.node('Cast', [entries], { to: 6 }, 'codes')
  return graph
}

/** 2·z·e − |e|² for each entry e of the codebook: the nearest has the largest. */
function nearness(graph: NetworkGraph, vectors: string, width: number): string {
  const [count = 0] = graph.shape('quantize.embedding.weight')
  const [twice, lengths] = graph.addFloats(
    [
      { name: 'codebook.twice', dims: [width, count] },
      { name: 'codebook.lengths', dims: [count] },
    ],
    async () => {
      const book = await graph.weights.read('quantize.embedding.weight')
      return [
        transposed(
          book.map((value) => 2 * value),
          width,
        ),
        minusSquaredLengths(book, width),
      ]
    },
  )
  return graph.node('Add', [graph.node('MatMul', [vectors, twice!]), lengths!])
}

function codesTable(graph: NetworkGraph, codesOfEntries: Int32Array): string {
  const spec = { name: 'codes_of_entries', dataType: 'int32', dims: [codesOfEntries.length] } as const
  return graph.addConstants([spec], async () => [codesOfEntries])[0]!
}

/** A convolution with stride 2, padded on the right and at the bottom only. */
function halved(graph: NetworkGraph, layer: string, { map, extent }: FeatureMap): FeatureMap {
  return {
    map: graph.convolution(map, layer, { pads: [0, 0, 1, 1], strides: [2, 2] }),
    extent: { ...extent, height: extent.height / 2, width: extent.width / 2 },
  }
}

function minusSquaredLengths(vectors: Float32Array, width: number): Float32Array {
  return Float32Array.from({ length: vectors.length / width }, (_, i) => {
    let sum = 0
    for (const value of vectors.subarray(i * width, (i + 1) * width)) sum -= value * value
    return sum
  })
}
