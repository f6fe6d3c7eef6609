import type { Checkpoint } from '../checkpoint/checkpoint'
import { type GraphOptions, NetworkGraph } from './network_graph'

/**
 * CLIP's text model: input_ids int32 [B, L] → last_hidden_state float32 [B, L, H]. Quantised to 8 bits where the weight type is q4:
 * it is small, and every step sees its errors.
 *
 * @param length L, of which there are at most as many as positions
 */
export function textEncoderGraph(
  { config, weights }: NonNullable<Checkpoint['textEncoder']>,
  length: number,
  options: GraphOptions,
): NetworkGraph {
  const dtype = options.dtype === 'q4' ? 'q8' : options.dtype
  const graph = new NetworkGraph('text_encoder', weights, { ...options, dtype })
  const { hidden_size: width, num_attention_heads: heads, layer_norm_eps } = config
  const ids = graph.input({ name: 'input_ids', dataType: 'int32', dims: [length] })
  const words = graph.node('Gather', [graph.weight('text_model.embeddings.token_embedding.weight'), ids])
  const mask = graph.floats('causal_mask', [1, 1, length, length], () => causalMask(length))
  const activate = (x: string) => (config.hidden_act === 'gelu' ? graph.node('Gelu', [x]) : graph.quickGelu(x))
  const table = 'text_model.embeddings.position_embedding.weight'
  const positions = graph.floats(table, [length, width], async () =>
    (await weights.read(table)).subarray(0, length * width),
  )
  let h = graph.node('Add', [words, positions])
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `text_model.encoder.layers.${i}`
    const first = graph.layerNorm(h, `${layer}.layer_norm1`, layer_norm_eps)
    const [q, k, v] = ['q', 'k', 'v'].map((part) => graph.linear(first, `${layer}.self_attn.${part}_proj`))
    const mixed = graph.attention(q!, k!, v!, heads, width, mask)
    h = graph.node('Add', [h, graph.linear(mixed, `${layer}.self_attn.out_proj`)])
    const second = graph.layerNorm(h, `${layer}.layer_norm2`, layer_norm_eps)
    h = graph.node('Add', [h, graph.linear(activate(graph.linear(second, `${layer}.mlp.fc1`)), `${layer}.mlp.fc2`)])
  }
  const last = graph.layerNormParts(h, 'text_model.final_layer_norm', layer_norm_eps)
  graph.floatOutput('last_hidden_state', [length, width], 'LayerNormalization', ...last)
  return graph
}

/** A token attends to itself and those before it. Finite also as float16. */
function causalMask(length: number): Float32Array {
  return Float32Array.from({ length: length * length }, (_, at) =>
    at % length > Math.floor(at / length) ? -30_000 : 0,
  )
}
