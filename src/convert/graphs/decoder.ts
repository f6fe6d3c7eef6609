import type { Autoencoder } from '../checkpoint/checkpoint'
import { AutoencoderBlocks, type FeatureMap } from './autoencoder'
import { codebookOf } from './codebook'
import { type GraphOptions, NetworkGraph } from './network_graph'

/** codes int32 [B, N] → rgba float32 [B, channels, height, width], in the range of the autoencoder, −1 … 1, not clamped. */
export function decoderGraph({ config, weights, codes }: Autoencoder, [rows, columns]: Grid, options: GraphOptions) {
  const graph = new NetworkGraph('decoder', weights, options)
  const blocks = new AutoencoderBlocks(graph, config)
  const [latents = 0, embedding = 0] = graph.shape('post_quant_conv.weight')
  const count = codes?.length ?? graph.shape('quantize.embedding.weight')[0]!
  // The convolution after the codebook has one weight a pixel: it is applied to every code at conversion.
  const table = graph.floats('codebook', [count, latents], async () => {
    const vectors = await codebookOf(weights, codes)
    const matrix = await weights.read('post_quant_conv.weight')
    const bias = await weights.read('post_quant_conv.bias')
    return Float32Array.from({ length: count * latents }, (_, at) => {
      const [code, z] = [Math.floor(at / latents), at % latents]
      let sum = bias[z]!
      for (let e = 0; e < embedding; e++) sum += matrix[z * embedding + e]! * vectors[code * embedding + e]!
      return sum
    })
  })
  const tokens = graph.input({ name: 'codes', dataType: 'int32', dims: [rows * columns] })
  const vectors = graph.node('Transpose', [graph.node('Gather', [table, tokens])], { perm: [0, 2, 1] })
  const latent = graph.node('Reshape', [vectors, graph.integers(0, latents, rows, columns)])
  const [channels = 0] = graph.shape('decoder.conv_in.weight')
  let x: FeatureMap = {
    map: graph.convolution(latent, 'decoder.conv_in'),
    extent: { channels, height: rows, width: columns },
  }
  x = blocks.middle('decoder.mid_block', x)
  for (let i = 0; graph.has(`decoder.up_blocks.${i}.resnets.0.conv1.weight`); i++) {
    x = blocks.group(`decoder.up_blocks.${i}`, x)
    const upsampler = `decoder.up_blocks.${i}.upsamplers.0.conv`
    if (graph.has(`${upsampler}.weight`)) x = enlarged(graph, upsampler, x)
  }
  const { height, width } = x.extent
  const last = graph.convolutionParts(blocks.normalised('decoder.conv_norm_out', x), 'decoder.conv_out')
  graph.floatOutput('rgba', [config.out_channels, height, width], 'Conv', ...last)
  return graph
}

/** Rows and columns of tokens. */
export type Grid = readonly [rows: number, columns: number]

/** Each pixel becomes four, then a convolution. */
function enlarged(graph: NetworkGraph, layer: string, { map, extent }: FeatureMap): FeatureMap {
  const scales = graph.addConstants([{ name: 'twice', dataType: 'float32', dims: [4] }], async () => [
    Float32Array.of(1, 1, 2, 2),
  ])
  const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  const larger = graph.node('Resize', [map, '', ...scales], nearest)
  return {
    map: graph.convolution(larger, layer),
    extent: { ...extent, height: 2 * extent.height, width: 2 * extent.width },
  }
}
