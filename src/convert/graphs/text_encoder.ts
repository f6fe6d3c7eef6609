import type { Checkpoint } from '../checkpoint/checkpoint'
import { type GraphOptions, NetworkGraph } from './network_graph'

/** CLIP's text model: input_ids int32 [B, L] → last_hidden_state float32 [B, L, H]. */
export function textEncoderGraph({ config, weights }: NonNullable<Checkpoint['textEncoder']>, options: GraphOptions) {
  const graph = new NetworkGraph('text_encoder', weights, options)
  const { hidden_size: width, max_position_embeddings: length, num_attention_heads: heads, layer_norm_eps } = config
  const ids = graph.input({ name: 'input_ids', dataType: 'int32', dims: [length] })
  const words = graph.node('Gather', [graph.weight('text_model.embeddings.token_embedding.weight'), ids])
  const mask = graph.floats('causal_mask', [1, 1, length, length], () => causalMask(length))
  const activate = (x: string) => (config.hidden_act === 'gelu' ? graph.node('Gelu', [x]) : graph.quickGelu(x))
  let h = graph.node('Add', [words, graph.weight('text_model.embeddings.position_embedding.weight')])
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
