import type { Checkpoint, TransformerConfig, Weights } from '../checkpoint/checkpoint'
import { adaptiveNorm } from './adaptive_norm'
import { type GraphOptions, NetworkGraph } from './network_graph'

/**
 * x_t int32 [B, N], t int32 [B] and a condition → logits float32 [B, N, K], pixel-major and raw. The condition is
 * encoder_hidden_states float32 [B, L, H], or class int32 [B], or none. Latent pixels go row by row, whatever the order of the
 * network's sequence: attention knows no order, so only the positions change.
 *
 * @param textLength L
 */
export function denoiserGraph(
  { config, weights }: Checkpoint['transformer'],
  textLength: number | undefined,
  options: GraphOptions,
): NetworkGraph {
  const graph = new NetworkGraph('denoiser', weights, options)
  const width = config.num_attention_heads * config.attention_head_dim
  const numLatentPixels = config.latent_height * config.latent_width
  const tokens = graph.input({ name: 'x_t', dataType: 'int32', dims: [numLatentPixels] })
  const time = indexInput(graph, 't')
  const condition =
    config.condition === 'none'
      ? undefined
      : config.condition === 'text'
        ? graph.floatInput('encoder_hidden_states', [textLength!, config.cross_attention_dim!])
        : indexInput(graph, 'class')
  const embedded = graph.node('Gather', [graph.weight('latent_image_embedding.emb.weight'), tokens])
  const positions = graph.floats('positions', [numLatentPixels, width], () => positionsOf(weights, config))
  let h = graph.node('Add', [embedded, positions])
  const add = (change: string) => {
    h = graph.node('Add', [h, change])
  }
  for (let i = 0; i < config.num_layers; i++) {
    const block = `transformer_blocks.${i}`
    const attend = (layer: string, x: string, context: string) => {
      const [q, k, v] = [
        graph.linear(x, `${block}.${layer}.to_q`),
        graph.linear(context, `${block}.${layer}.to_k`),
        graph.linear(context, `${block}.${layer}.to_v`),
      ]
      const mixed = graph.attention(q, k, v, config.num_attention_heads, width)
      return graph.linear(mixed, `${block}.${layer}.to_out.0`)
    }
    const first = adaptiveNorm(graph, h, `${block}.norm1`, time)
    add(attend('attn1', first, first))
    if (config.condition === 'text') add(attend('attn2', adaptiveNorm(graph, h, `${block}.norm2`, time), condition!))
    const third =
      config.condition === 'class'
        ? adaptiveNorm(graph, h, `${block}.norm3`, condition!)
        : graph.layerNorm(h, `${block}.norm3`)
    add(feedForward(graph, third, `${block}.ff`, config))
  }
  const numCodes = config.num_vector_embeds - 1
  // Its errors are the logits': 8 bits instead of 4 cost little, and take a quarter of the divergence away.
  const head = graph.matMul(graph.layerNorm(h, 'norm_out'), 'out', 'at least 8 bits')
  graph.floatOutput('logits', [numLatentPixels, numCodes], 'Add', [head, graph.weight('out.bias')])
  return graph
}

/** An input int32 [B] as indices [B, 1]: rows of a table for the pixels of each batch item. */
function indexInput(graph: NetworkGraph, name: string): string {
  return graph.node('Unsqueeze', [graph.input({ name, dataType: 'int32', dims: [] }), graph.integers(1)])
}

function feedForward(graph: NetworkGraph, x: string, layer: string, config: TransformerConfig): string {
  const activate = (inner: string) =>
    config.activation === 'relu' ? graph.node('Relu', [inner]) : graph.quickGelu(inner)
  if (config.feed_forward === 'linear')
    return graph.linear(activate(graph.linear(x, `${layer}.net.0.proj`)), `${layer}.net.2`)
  const { latent_height: height, latent_width: width } = config
  const channels = config.num_attention_heads * config.attention_head_dim
  const columns = graph.node('Transpose', [x], { perm: [0, 2, 1] })
  const map = graph.node('Reshape', [columns, graph.integers(0, channels, height, width)])
  const inner = activate(graph.convolution(map, `${layer}.conv1`))
  const result = graph.node('Reshape', [
    graph.convolution(inner, `${layer}.conv2`),
    graph.integers(0, channels, height * width),
  ])
  return graph.node('Transpose', [result], { perm: [0, 2, 1] })
}

/** What each latent pixel adds to its token: the embeddings of its row and column in the table, which may be wider than the grid. */
export async function positionsOf(weights: Weights, config: TransformerConfig): Promise<Float32Array> {
  const { latent_height: height, latent_width: breadth, sequence } = config
  const rows = await weights.read('latent_image_embedding.height_emb.weight')
  const columns = await weights.read('latent_image_embedding.width_emb.weight')
  const [columnCount = 0, width = 0] = weights.shapes.get('latent_image_embedding.width_emb.weight')!
  return Float32Array.from({ length: height * breadth * width }, (_, at) => {
    const [pixel, d] = [Math.floor(at / width), at % width]
    const n = sequence === 'by rows' ? pixel : (pixel % breadth) * height + Math.floor(pixel / breadth)
    return rows[Math.floor(n / columnCount) * width + d]! + columns[(n % columnCount) * width + d]!
  })
}
