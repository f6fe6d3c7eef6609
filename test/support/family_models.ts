import { Saved } from './checkpoint_files'

/**
 * Small random state dicts of models of the same family, and what their networks compute, in float64 and by the names of their
 * weights: written from the descriptions of their modules, apart from the converter's own check.
 */

export type Shapes = Readonly<Record<string, readonly number[]>>

const zeros = new Float32Array(2 ** 16)

/** Weights by their names. */
export class StateDict {
  readonly #shapes: Shapes
  readonly #values = new Map<string, Float32Array<ArrayBuffer>>()

  constructor(shapes: Shapes) {
    this.#shapes = shapes
    let state = 12345
    for (const [name, shape] of Object.entries(shapes)) {
      const length = shape.reduce((a, b) => a * b)
      const scale = 1 / Math.sqrt(shape.length > 1 ? length / shape[0]! : 4)
      const around = /(norm2|norm_out|norm|norm1|ln2|ln_\w+|head\.0|to_logits\.0)\.weight$/.test(name) ? 1 : 0
      const values = Float32Array.from({ length }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return around + scale * (state / 2 ** 31 - 1) * Math.sqrt(3)
      })
      this.#values.set(name, values)
    }
  }

  of(name: string): Float32Array {
    const values = this.#values.get(name)
    if (!values) throw new Error(`no weight ${name}`)
    return values
  }

  /** As torch.save writes them. */
  saved(): [string, unknown][] {
    return Object.entries(this.#shapes).map(([name, shape]) => [name, new Saved(this.of(name) as Float32Array, shape)])
  }

  /** The same shapes, every weight a view of the same zeros: small files. */
  empty(): [string, unknown][] {
    return Object.entries(this.#shapes).map(([name, shape]) => [name, new Saved(zeros, shape)])
  }

  row(name: string, index: number, width: number): Float64Array {
    return Float64Array.from(this.of(name).subarray(index * width, (index + 1) * width))
  }

  /** W x + b for each row, of a part of the outputs if it is given. */
  linear(rows: readonly Float64Array[], layer: string, part?: readonly [first: number, count: number]): Float64Array[] {
    const isPacked = layer.endsWith('in_proj')
    const weight = this.of(`${layer}${isPacked ? '_' : '.'}weight`)
    const bias = this.#values.get(`${layer}${isPacked ? '_' : '.'}bias`)
    const columns = rows[0]!.length
    const [first, count] = part ?? [0, weight.length / columns]
    return rows.map((row) =>
      Float64Array.from({ length: count }, (_, i) => {
        const output = first + i
        return row.reduce((sum, x, column) => sum + x * weight[output * columns + column]!, bias ? bias[output]! : 0)
      }),
    )
  }

  layerNorm(rows: readonly Float64Array[], layer: string): Float64Array[] {
    return rows.map((row) =>
      normal(row).map((x, i) => x * this.of(`${layer}.weight`)[i]! + this.of(`${layer}.bias`)[i]!),
    )
  }

  /** LN(x)(1 + scale) + shift, [scale, shift] = linear(SiLU(embedding of t)). */
  adaptiveNorm(rows: readonly Float64Array[], layer: string, t: number): Float64Array[] {
    const width = rows[0]!.length
    const embedding = this.row(`${layer}.emb.weight`, t, width).map((x) => x / (1 + Math.exp(-x)))
    const both = this.linear([embedding], `${layer}.linear`)[0]!
    return rows.map((row) => normal(row).map((x, i) => x * (1 + both[i]!) + both[width + i]!))
  }
}

function normal(row: Float64Array): Float64Array {
  const mean = row.reduce((a, b) => a + b) / row.length
  const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length
  return row.map((x) => (x - mean) / Math.sqrt(variance + 1e-5))
}

export function attention(q: Float64Array[], k: Float64Array[], v: Float64Array[], heads: number): Float64Array[] {
  const width = q[0]!.length
  const size = width / heads
  return q.map((query) => {
    const mixed = new Float64Array(width)
    for (let head = 0; head < heads; head++) {
      const part = (row: Float64Array) => row.subarray(head * size, (head + 1) * size)
      const scores = k.map((key) =>
        Math.exp(part(query).reduce((sum, x, i) => sum + x * part(key)[i]!, 0) / Math.sqrt(size)),
      )
      const total = scores.reduce((a, b) => a + b)
      for (const [j, score] of scores.entries())
        for (const [i, x] of part(v[j]!).entries()) mixed[head * size + i]! += (score / total) * x
    }
    return mixed
  })
}

export const plus = (x: readonly Float64Array[], y: readonly Float64Array[]) =>
  x.map((row, n) => row.map((value, i) => value + y[n]![i]!))

const linear = (name: string, outputs: number, inputs: number): Shapes => ({
  [`${name}.weight`]: [outputs, inputs],
  [`${name}.bias`]: [outputs],
})
const norm = (name: string, width: number): Shapes => ({ [`${name}.weight`]: [width], [`${name}.bias`]: [width] })
const convolution = (name: string, outputs: number, inputs: number, size: number): Shapes => ({
  [`${name}.weight`]: [outputs, inputs, size, size],
  [`${name}.bias`]: [outputs],
})
const merged = (shapes: readonly Shapes[]): Shapes => Object.assign({}, ...shapes)

// LayoutDM

/** Three elements of 2 labels and 4 bins a quantity; width, layers and heads as small as they can be. */
export const layout = { elements: 3, labels: 2, bins: 4, width: 16, layers: 2, heads: 8, steps: 5 } as const
const { elements, labels, bins, width, layers, heads, steps } = layout
/** Classes of the checkpoint: labels, the bins of x, y, w and h, padding and mask. */
export const layoutClasses = labels + 4 * bins + 2

const transformer = 'model.module.transformer'

export function layoutModel(classes: number = layoutClasses): StateDict {
  const blocks = Array.from({ length: layers }, (_, i) => {
    const layer = `${transformer}.backbone.layers.${i}`
    return merged([
      { [`${layer}.self_attn.in_proj_weight`]: [3 * width, width], [`${layer}.self_attn.in_proj_bias`]: [3 * width] },
      linear(`${layer}.self_attn.out_proj`, width, width),
      linear(`${layer}.linear1`, 4 * width, width),
      linear(`${layer}.linear2`, width, 4 * width),
      { [`${layer}.norm1.emb.weight`]: [steps, width] },
      linear(`${layer}.norm1.linear`, 2 * width, width),
      norm(`${layer}.norm2`, width),
    ])
  })
  return new StateDict(
    merged([
      ...blocks,
      { [`${transformer}.cat_emb.weight`]: [classes, width] },
      { [`${transformer}.pos_emb.elem_emb`]: [elements, width], [`${transformer}.pos_emb.attr_emb`]: [5, width] },
      norm(`${transformer}.head.0`, width),
      { [`${transformer}.head.1.weight`]: [classes, width] },
    ]),
  )
}

/** The buffers of a schedule of T timesteps with N classes, as alpha_schedule makes them, whose c̄ ends at `gammaEnd`. */
export function scheduleBuffers(prefix: string, T: number, N: number, gammaEnd = 0.99999): [string, unknown][] {
  const alpha = (t: number) => (t / (T - 1)) * (0.000009 - 0.99999) + 0.99999
  const gamma = (t: number) => (t / (T - 1)) * (gammaEnd - 0.000009) + 0.000009
  const logs = (values: number[]) => new Saved(Float32Array.from(values, Math.log), [values.length])
  const times = Array.from({ length: T }, (_, t) => t)
  const beta = (a: number, c: number) => (1 - a - c) / N
  const a = times.map((t) => alpha(t) / (t ? alpha(t - 1) : 1))
  const c = times.map((t) => 1 - (1 - gamma(t)) / (t ? 1 - gamma(t - 1) : 1))
  const all = [...times.map(alpha), 1]
  const masked = [...times.map(gamma), 0]
  return [
    [`${prefix}log_at`, logs(a)],
    [`${prefix}log_bt`, logs(a.map((x, t) => beta(x, c[t]!)))],
    [`${prefix}log_ct`, logs(c)],
    [`${prefix}log_cumprod_at`, logs(all)],
    [`${prefix}log_cumprod_bt`, logs(all.map((x, t) => beta(x, masked[t]!)))],
    [`${prefix}log_cumprod_ct`, logs(masked)],
    [`${prefix}log_1_min_ct`, logs(c.map((x) => 1 - x))],
    [`${prefix}log_1_min_cumprod_ct`, logs(masked.map((x) => 1 - x))],
  ]
}

/** The buffers of the schedule of each kind, and those that training fills. */
export function layoutBuffers(kinds = 'cxywh', sizes: Readonly<Record<string, number>> = {}): [string, unknown][] {
  const module = 'model.module'
  const counts = ['Lt_history', 'Lt_count'].map((name): [string, unknown] => [
    `${module}.${name}`,
    new Saved(new Float32Array(steps), [steps]),
  ])
  const sizeOf = (kind: string) => sizes[kind] ?? (kind === 'c' ? labels : bins) + 1
  return [...counts, ...[...kinds].flatMap((kind) => scheduleBuffers(`${module}.${kind}_`, steps, sizeOf(kind)))]
}

/** CategoricalTransformer over TransformerEncoder with AdaLN: logits [N][classes] of tokens [N]. */
export function layoutLogits(model: StateDict, tokens: readonly number[], t: number): Float64Array[] {
  const at = (name: string) => `${transformer}.${name}`
  let h = tokens.map((token, n) =>
    model
      .row(at('cat_emb.weight'), token, width)
      .map(
        (x, i) =>
          x +
          model.of(at('pos_emb.elem_emb'))[Math.floor(n / 5) * width + i]! +
          model.of(at('pos_emb.attr_emb'))[(n % 5) * width + i]!,
      ),
  )
  for (let i = 0; i < layers; i++) {
    const layer = at(`backbone.layers.${i}`)
    const first = model.adaptiveNorm(h, `${layer}.norm1`, t)
    const [q, k, v] = [0, 1, 2].map((part) => model.linear(first, `${layer}.self_attn.in_proj`, [part * width, width]))
    h = plus(h, model.linear(attention(q!, k!, v!, heads), `${layer}.self_attn.out_proj`))
    const inner = model.linear(model.layerNorm(h, `${layer}.norm2`), `${layer}.linear1`)
    h = plus(
      h,
      model.linear(
        inner.map((row) => row.map((x) => Math.max(0, x))),
        `${layer}.linear2`,
      ),
    )
  }
  return model.linear(model.layerNorm(h, at('head.0')), at('head.1'))
}

// Diffsound

/** A spectrogram of 2 by 3 latent pixels, one level of the autoencoder halved once. */
export const sound = { rows: 2, columns: 3, codes: 6, width: 32, heads: 16, steps: 4, text: 64, length: 5 } as const
const channels = 32

export function soundModel(vocabulary: number): StateDict {
  const D = sound.width
  const block = 'transformer.transformer.blocks.0'
  const clip = 'transformer.condition_emb'
  const resnet = (name: string) =>
    merged([
      norm(`${name}.norm1`, channels),
      convolution(`${name}.conv1`, channels, channels, 3),
      norm(`${name}.norm2`, channels),
      convolution(`${name}.conv2`, channels, channels, 3),
    ])
  const middle = (side: string) =>
    merged([
      resnet(`${side}.mid.block_1`),
      norm(`${side}.mid.attn_1.norm`, channels),
      ...['q', 'k', 'v', 'proj_out'].map((part) => convolution(`${side}.mid.attn_1.${part}`, channels, channels, 1)),
      resnet(`${side}.mid.block_2`),
      norm(`${side}.norm_out`, channels),
    ])
  const codec = merged([
    convolution('encoder.conv_in', channels, 1, 3),
    resnet('encoder.down.0.block.0'),
    convolution('encoder.down.0.downsample.conv', channels, channels, 3),
    resnet('encoder.down.1.block.0'),
    middle('encoder'),
    convolution('encoder.conv_out', 4, channels, 3),
    convolution('quant_conv', 6, 4, 1),
    { 'quantize.embedding.weight': [sound.codes, 6] },
    convolution('post_quant_conv', 4, 6, 1),
    convolution('decoder.conv_in', channels, 4, 3),
    middle('decoder'),
    ...['0.block.0', '0.block.1', '1.block.0', '1.block.1'].map((name) => resnet(`decoder.up.${name}`)),
    convolution('decoder.up.1.upsample.conv', channels, channels, 3),
    convolution('decoder.conv_out', 1, channels, 3),
  ])
  const attend = (name: string, context: number) =>
    merged([
      linear(`${block}.${name}.key`, D, context),
      linear(`${block}.${name}.query`, D, D),
      linear(`${block}.${name}.value`, D, context),
      linear(`${block}.${name}.proj`, D, D),
    ])
  const adaptive = (name: string) =>
    merged([{ [`${block}.${name}.emb.weight`]: [sound.steps, D] }, linear(`${block}.${name}.linear`, 2 * D, D)])
  const layer = `${clip}.transformer.resblocks.0`
  return new StateDict(
    merged([
      {
        'transformer.transformer.content_emb.emb.weight': [sound.codes + 1, D],
        'transformer.transformer.content_emb.height_emb.weight': [sound.rows, D],
        'transformer.transformer.content_emb.width_emb.weight': [sound.columns, D],
      },
      adaptive('ln1'),
      attend('attn1', D),
      adaptive('ln1_1'),
      attend('attn2', sound.text),
      norm(`${block}.ln2`, D),
      linear(`${block}.mlp.0`, 4 * D, D),
      linear(`${block}.mlp.2`, D, 4 * D),
      norm('transformer.transformer.to_logits.0', D),
      linear('transformer.transformer.to_logits.1', sound.codes, D),
      {
        [`${clip}.token_embedding.weight`]: [vocabulary, sound.text],
        [`${clip}.positional_embedding`]: [sound.length, sound.text],
        [`${clip}.text_projection`]: [sound.text, sound.text],
        [`${layer}.attn.in_proj_weight`]: [3 * sound.text, sound.text],
        [`${layer}.attn.in_proj_bias`]: [3 * sound.text],
      },
      linear(`${layer}.attn.out_proj`, sound.text, sound.text),
      norm(`${layer}.ln_1`, sound.text),
      norm(`${layer}.ln_2`, sound.text),
      linear(`${layer}.mlp.c_fc`, 4 * sound.text, sound.text),
      linear(`${layer}.mlp.c_proj`, sound.text, 4 * sound.text),
      norm(`${clip}.ln_final`, sound.text),
      Object.fromEntries(Object.entries(codec).map(([name, shape]) => [`content_codec.${name}`, shape])),
    ]),
  )
}

/** Diffsound's own schedule: masks end at 0.9, and replaced tokens have one class more than there are. */
export const soundBuffers = () => scheduleBuffers('transformer.', sound.steps, sound.codes + 1, 0.9)

/** ColumnMajor: the pixel, counted row by row, of each place of the sequence. */
export const soundOrder = Array.from({ length: sound.rows * sound.columns }, (_, place) => {
  const [column, row] = [Math.floor(place / sound.rows), place % sound.rows]
  return row * sound.columns + column
})

/** Text2ImageTransformer: logits [N][codes] in the order of its sequence, of tokens in that order. */
export function soundLogits(
  model: StateDict,
  tokens: readonly number[],
  t: number,
  states: readonly Float64Array[],
): Float64Array[] {
  const at = (name: string) => `transformer.transformer.${name}`
  const D = sound.width
  // DalleMaskImageEmbedding: rows of height and width, flattened, for whatever stands at a place of the sequence.
  let h = tokens.map((token, place) =>
    model
      .row(at('content_emb.emb.weight'), token, D)
      .map(
        (x, i) =>
          x +
          model.of(at('content_emb.height_emb.weight'))[Math.floor(place / sound.columns) * D + i]! +
          model.of(at('content_emb.width_emb.weight'))[(place % sound.columns) * D + i]!,
      ),
  )
  const block = at('blocks.0')
  const attend = (name: string, x: Float64Array[], context: readonly Float64Array[]) => {
    const [q, k, v] = [
      model.linear(x, `${block}.${name}.query`),
      model.linear(context, `${block}.${name}.key`),
      model.linear(context, `${block}.${name}.value`),
    ]
    return model.linear(attention(q, k, v, sound.heads), `${block}.${name}.proj`)
  }
  const first = model.adaptiveNorm(h, `${block}.ln1`, t)
  h = plus(h, attend('attn1', first, first))
  h = plus(h, attend('attn2', model.adaptiveNorm(h, `${block}.ln1_1`, t), states))
  const inner = model.linear(model.layerNorm(h, `${block}.ln2`), `${block}.mlp.0`)
  const active = inner.map((row) => row.map((x) => x / (1 + Math.exp(-1.702 * x))))
  h = plus(h, model.linear(active, `${block}.mlp.2`))
  return model.linear(model.layerNorm(h, at('to_logits.0')), at('to_logits.1'))
}
