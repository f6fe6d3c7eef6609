import type { VqvaeConfig, Weights } from '../checkpoint/checkpoint'
import type { Extent, NetworkGraph } from './network_graph'

/** A feature map of the autoencoder, as far as the graph has come. */
export interface FeatureMap {
  readonly map: string
  readonly extent: Extent
}

/** The blocks that encoder and decoder of the autoencoder are made of. */
export class AutoencoderBlocks {
  constructor(
    readonly graph: NetworkGraph,
    readonly config: VqvaeConfig,
  ) {}

  normalised(layer: string, { map, extent }: FeatureMap): string {
    return this.graph.silu(this.graph.groupNorm(map, layer, this.config.norm_num_groups, extent))
  }

  /** All residual blocks of a group, each followed by its attention if it has one. */
  group(group: string, input: FeatureMap): FeatureMap {
    let x = input
    for (let j = 0; this.graph.has(`${group}.resnets.${j}.conv1.weight`); j++) {
      x = this.residual(`${group}.resnets.${j}`, x)
      const attention = `${group}.attentions.${j}`
      if (this.graph.has(`${attention}.to_q.weight`)) x = this.attention(attention, x)
    }
    return x
  }

  middle(block: string, input: FeatureMap): FeatureMap {
    const first = this.residual(`${block}.resnets.0`, input)
    return this.residual(`${block}.resnets.1`, this.attention(`${block}.attentions.0`, first))
  }

  private residual(block: string, x: FeatureMap): FeatureMap {
    const { graph } = this
    const extent = { ...x.extent, channels: graph.shape(`${block}.conv1.weight`)[0]! }
    const first = graph.convolution(this.normalised(`${block}.norm1`, x), `${block}.conv1`)
    const second = graph.convolution(this.normalised(`${block}.norm2`, { map: first, extent }), `${block}.conv2`)
    const shortcut = `${block}.conv_shortcut`
    const kept = graph.has(`${shortcut}.weight`) ? graph.convolution(x.map, shortcut) : x.map
    return { map: graph.node('Add', [kept, second]), extent }
  }

  /** Attention over the pixels, with one head. Its matrices are small: they are not quantised. */
  private attention(block: string, { map, extent }: FeatureMap): FeatureMap {
    const { graph } = this
    const { channels, height, width } = extent
    const normal = graph.groupNorm(map, `${block}.group_norm`, this.config.norm_num_groups, extent)
    const columns = graph.node('Reshape', [normal, graph.integers(0, channels, height * width)])
    const rows = graph.node('Transpose', [columns], { perm: [0, 2, 1] })
    const [q, k, v] = ['to_q', 'to_k', 'to_v'].map((part) => graph.linear(rows, `${block}.${part}`, 'exact'))
    const mixed = graph.linear(graph.attention(q!, k!, v!, 1, channels), `${block}.to_out.0`, 'exact')
    const back = graph.node('Transpose', [mixed], { perm: [0, 2, 1] })
    const change = graph.node('Reshape', [back, graph.integers(0, channels, height, width)])
    return { map: graph.node('Add', [map, change]), extent }
  }
}

/** How often the autoencoder halves height and width. */
export function downsamplers({ shapes }: Weights): number {
  return [...shapes.keys()].filter((name) => /^decoder\.up_blocks\.\d+\.upsamplers\.0\.conv\.weight$/.test(name)).length
}
