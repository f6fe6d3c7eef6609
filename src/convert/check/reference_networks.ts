import type { Autoencoder, Checkpoint } from '../checkpoint/checkpoint'
import {
  attention,
  type Maps,
  type Matrix,
  map,
  mapsOf,
  pixelsOf,
  quickGelu,
  ReferenceLayers,
  silu,
  sum,
} from './reference_layers'

/** What the denoiser of a checkpoint is given: texts as states [B · L, H], or classes, or no condition. */
export interface DenoiserInputs {
  /** [B, N], row by row of the grid. */
  readonly tokens: Int32Array
  /** [B] */
  readonly timesteps: readonly number[]
  readonly condition: Matrix | readonly number[] | undefined
}

/** Logits [B · N, K], row by row of the grid. */
export async function referenceDenoiser(
  transformer: Checkpoint['transformer'],
  inputs: DenoiserInputs,
): Promise<Matrix> {
  const { config } = transformer
  if (config.sequence === 'by rows') return sequenceDenoiser(transformer, inputs)
  const { latent_height: height, latent_width: width } = config
  const numLatentPixels = height * width
  /** The pixel of each place of the sequence. */
  const pixels = Array.from(inputs.tokens, (_, at) => {
    const place = at % numLatentPixels
    return at - place + (place % height) * width + Math.floor(place / height)
  })
  const logits = await sequenceDenoiser(transformer, {
    ...inputs,
    tokens: inputs.tokens.map((_, at) => inputs.tokens[pixels[at]!]!),
  })
  const data = new Float64Array(logits.data.length)
  for (const [at, pixel] of pixels.entries())
    data.set(logits.data.subarray(at * logits.columns, (at + 1) * logits.columns), pixel * logits.columns)
  return { ...logits, data }
}

/** Logits [B · N, K] in the order of the network's sequence, in which the tokens are too. */
async function sequenceDenoiser(
  { config, weights }: Checkpoint['transformer'],
  { tokens, timesteps, condition }: DenoiserInputs,
): Promise<Matrix> {
  const layers = new ReferenceLayers(weights)
  const batch = timesteps.length
  const heads = config.num_attention_heads
  const { latent_height: height, latent_width: width } = config
  const embedding = await layers.read('latent_image_embedding.emb.weight')
  const rowTable = await layers.read('latent_image_embedding.height_emb.weight')
  const columnTable = await layers.read('latent_image_embedding.width_emb.weight')
  const columns = heads * config.attention_head_dim
  const tableWidth = columnTable.length / columns
  const data = new Float64Array(tokens.length * columns)
  for (let at = 0; at < data.length; at++) {
    const [pixel, d] = [Math.floor(at / columns), at % columns]
    const n = pixel % (height * width)
    data[at] =
      embedding[tokens[pixel]! * columns + d]! +
      rowTable[Math.floor(n / tableWidth) * columns + d]! +
      columnTable[(n % tableWidth) * columns + d]!
  }
  const activate = config.activation === 'relu' ? (x: number) => Math.max(x, 0) : quickGelu
  let h: Matrix = { data, rows: tokens.length, columns }
  const attend = async (layer: string, x: Matrix, context: Matrix) => {
    const q = await layers.linear(x, `${layer}.to_q`)
    const k = await layers.linear(context, `${layer}.to_k`)
    const v = await layers.linear(context, `${layer}.to_v`)
    return layers.linear(attention(q, k, v, batch, heads), `${layer}.to_out.0`)
  }
  for (let i = 0; i < config.num_layers; i++) {
    const block = `transformer_blocks.${i}`
    const first = await layers.adaptiveNorm(h, `${block}.norm1`, timesteps)
    h = sum(h, await attend(`${block}.attn1`, first, first))
    let third: Matrix
    if (condition === undefined) third = await layers.layerNorm(h, `${block}.norm3`)
    else if ('data' in condition) {
      const second = await layers.adaptiveNorm(h, `${block}.norm2`, timesteps)
      h = sum(h, await attend(`${block}.attn2`, second, condition))
      third = await layers.layerNorm(h, `${block}.norm3`)
    } else third = await layers.adaptiveNorm(h, `${block}.norm3`, condition)
    if (config.feed_forward === 'linear') {
      const inner = map(await layers.linear(third, `${block}.ff.net.0.proj`), activate)
      h = sum(h, await layers.linear(inner, `${block}.ff.net.2`))
    } else {
      const inner = await layers.convolution(mapsOf(third, batch, height, width), `${block}.ff.conv1`)
      const active = { ...inner, data: inner.data.map((value) => activate(value)) }
      h = sum(h, pixelsOf(await layers.convolution(active, `${block}.ff.conv2`)))
    }
  }
  return layers.linear(await layers.layerNorm(h, 'norm_out'), 'out')
}

/** Hidden states [B · L, H] of tokens [B, L], L tokens a text. */
export async function referenceTextEncoder(
  { config, weights }: NonNullable<Checkpoint['textEncoder']>,
  ids: Int32Array,
  length: number,
): Promise<Matrix> {
  const layers = new ReferenceLayers(weights)
  const { hidden_size: columns, num_attention_heads: heads } = config
  const words = await layers.read('text_model.embeddings.token_embedding.weight')
  const positions = await layers.read('text_model.embeddings.position_embedding.weight')
  const data = new Float64Array(ids.length * columns)
  for (let at = 0; at < data.length; at++) {
    const [token, d] = [Math.floor(at / columns), at % columns]
    data[at] = words[ids[token]! * columns + d]! + positions[(token % length) * columns + d]!
  }
  const activation = config.hidden_act === 'gelu' ? gelu : quickGelu
  let h: Matrix = { data, rows: ids.length, columns }
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `text_model.encoder.layers.${i}`
    const first = await layers.layerNorm(h, `${layer}.layer_norm1`, config.layer_norm_eps)
    const q = await layers.linear(first, `${layer}.self_attn.q_proj`)
    const k = await layers.linear(first, `${layer}.self_attn.k_proj`)
    const v = await layers.linear(first, `${layer}.self_attn.v_proj`)
    const mixed = attention(q, k, v, ids.length / length, heads, true)
    h = sum(h, await layers.linear(mixed, `${layer}.self_attn.out_proj`))
    const second = await layers.layerNorm(h, `${layer}.layer_norm2`, config.layer_norm_eps)
    const inner = map(await layers.linear(second, `${layer}.mlp.fc1`), activation)
    h = sum(h, await layers.linear(inner, `${layer}.mlp.fc2`))
  }
  return layers.layerNorm(h, 'text_model.final_layer_norm', config.layer_norm_eps)
}

/** x·Φ(x), with the error function of Abramowitz and Stegun 7.1.26 (|error| < 1.5·10⁻⁷). */
function gelu(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * z)
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = 1 - polynomial * Math.exp(-z * z)
  return 0.5 * x * (1 + Math.sign(x) * erf)
}

/** Pictures of tokens [B, N], not clamped. */
export async function referenceDecoder(
  { config, weights, codes }: Autoencoder,
  tokens: Int32Array,
  [rows, columns]: readonly [rows: number, columns: number],
): Promise<Maps> {
  const autoencoder = new ReferenceAutoencoder(weights, config.norm_num_groups)
  const book = await autoencoder.read('quantize.embedding.weight')
  const [, width = 0] = weights.shapes.get('quantize.embedding.weight')!
  const data = Float64Array.from({ length: tokens.length * width }, (_, at) => {
    const token = tokens[Math.floor(at / width)]!
    return book[(codes ? codes[token]! : token) * width + (at % width)]!
  })
  const vectors = mapsOf({ data, rows: tokens.length, columns: width }, tokens.length / rows / columns, rows, columns)
  let x = await autoencoder.convolution(vectors, 'post_quant_conv')
  x = await autoencoder.convolution(x, 'decoder.conv_in')
  x = await autoencoder.middle(x, 'decoder.mid_block')
  for (let i = 0; autoencoder.has(`decoder.up_blocks.${i}.resnets.0.conv1.weight`); i++) {
    x = await autoencoder.group(x, `decoder.up_blocks.${i}`)
    const upsampler = `decoder.up_blocks.${i}.upsamplers.0.conv`
    if (autoencoder.has(`${upsampler}.weight`)) x = await autoencoder.convolution(twice(x), upsampler)
  }
  return autoencoder.last(x, 'decoder')
}

/** For each latent pixel and entry of the codebook a score, of which the largest wins: [B · N, entries]. */
export async function referenceEncoder({ config, weights }: Autoencoder, images: Maps): Promise<Matrix> {
  const autoencoder = new ReferenceAutoencoder(weights, config.norm_num_groups)
  let x = await autoencoder.convolution(images, 'encoder.conv_in')
  for (let i = 0; autoencoder.has(`encoder.down_blocks.${i}.resnets.0.conv1.weight`); i++) {
    x = await autoencoder.group(x, `encoder.down_blocks.${i}`)
    const downsampler = `encoder.down_blocks.${i}.downsamplers.0.conv`
    if (autoencoder.has(`${downsampler}.weight`))
      x = await autoencoder.convolution(x, downsampler, { stride: 2, padding: 0 })
  }
  x = await autoencoder.last(await autoencoder.middle(x, 'encoder.mid_block'), 'encoder')
  const vectors = pixelsOf(await autoencoder.convolution(x, 'quant_conv'))
  if (config.quantizer === 'projection') return autoencoder.linear(vectors, 'quantize.proj')
  const book = await autoencoder.read('quantize.embedding.weight')
  const width = vectors.columns
  const entries = book.length / width
  const data = new Float64Array(vectors.rows * entries)
  for (let at = 0; at < data.length; at++) {
    const [row, entry] = [Math.floor(at / entries), at % entries]
    for (let d = 0; d < width; d++) data[at]! -= (vectors.data[row * width + d]! - book[entry * width + d]!) ** 2
  }
  return { data, rows: vectors.rows, columns: entries }
}

class ReferenceAutoencoder extends ReferenceLayers {
  constructor(
    weights: Autoencoder['weights'],
    readonly groups: number,
  ) {
    super(weights)
  }

  async last(x: Maps, network: 'encoder' | 'decoder'): Promise<Maps> {
    return this.convolution(await this.normalised(x, `${network}.conv_norm_out`), `${network}.conv_out`)
  }

  async group(input: Maps, block: string): Promise<Maps> {
    let x = input
    for (let j = 0; this.has(`${block}.resnets.${j}.conv1.weight`); j++) {
      x = await this.residual(x, `${block}.resnets.${j}`)
      const attention = `${block}.attentions.${j}`
      if (this.has(`${attention}.to_q.weight`)) x = await this.attention(x, attention)
    }
    return x
  }

  async middle(input: Maps, block: string): Promise<Maps> {
    const first = await this.residual(input, `${block}.resnets.0`)
    return this.residual(await this.attention(first, `${block}.attentions.0`), `${block}.resnets.1`)
  }

  private async normalised(x: Maps, layer: string): Promise<Maps> {
    const normal = await this.groupNorm(x, layer, this.groups)
    return { ...normal, data: normal.data.map((value) => silu(value)) }
  }

  private async residual(x: Maps, block: string): Promise<Maps> {
    const first = await this.convolution(await this.normalised(x, `${block}.norm1`), `${block}.conv1`)
    const second = await this.convolution(await this.normalised(first, `${block}.norm2`), `${block}.conv2`)
    const shortcut = `${block}.conv_shortcut`
    const kept = this.has(`${shortcut}.weight`) ? await this.convolution(x, shortcut) : x
    return { ...second, data: second.data.map((value, at) => value + kept.data[at]!) }
  }

  private async attention(x: Maps, block: string): Promise<Maps> {
    const rows = pixelsOf(await this.groupNorm(x, `${block}.group_norm`, this.groups))
    const q = await this.linear(rows, `${block}.to_q`)
    const k = await this.linear(rows, `${block}.to_k`)
    const v = await this.linear(rows, `${block}.to_v`)
    const mixed = await this.linear(attention(q, k, v, x.batch, 1), `${block}.to_out.0`)
    const change = mapsOf(mixed, x.batch, x.height, x.width)
    return { ...x, data: x.data.map((value, at) => value + change.data[at]!) }
  }
}

/** Each pixel becomes four. */
function twice({ data, batch, channels, height, width }: Maps): Maps {
  const result = Float64Array.from({ length: data.length * 4 }, (_, at) => {
    const column = Math.floor((at % (2 * width)) / 2)
    const row = Math.floor((Math.floor(at / (2 * width)) % (2 * height)) / 2)
    const map = Math.floor(at / (4 * height * width))
    return data[(map * height + row) * width + column]!
  })
  return { data: result, batch, channels, height: 2 * height, width: 2 * width }
}
