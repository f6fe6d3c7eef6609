import type { Weights } from '../checkpoint/checkpoint'

/** A matrix, row-major. */
export interface Matrix {
  readonly data: Float64Array
  readonly rows: number
  readonly columns: number
}

/** Channels-first feature maps of a batch: [batch, channels, height, width]. */
export interface Maps {
  readonly data: Float64Array
  readonly batch: number
  readonly channels: number
  readonly height: number
  readonly width: number
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
export const quickGelu = (x: number) => x * sigmoid(1.702 * x)
export const silu = (x: number) => x * sigmoid(x)

/** The layers of the networks in float64, straight from their formulas, with none of the converter's foldings. */
export class ReferenceLayers {
  constructor(readonly weights: Weights) {}

  has(name: string): boolean {
    return this.weights.shapes.has(name)
  }

  async read(name: string): Promise<Float64Array> {
    return Float64Array.from(await this.weights.read(name))
  }

  /** x·Wᵀ + b */
  async linear({ data, rows, columns }: Matrix, layer: string): Promise<Matrix> {
    const weight = await this.read(`${layer}.weight`)
    const bias = this.has(`${layer}.bias`) ? await this.read(`${layer}.bias`) : undefined
    const outputs = weight.length / columns
    const result = new Float64Array(rows * outputs)
    for (let row = 0; row < rows; row++)
      for (let o = 0; o < outputs; o++) {
        let sum = bias ? bias[o]! : 0
        for (let i = 0; i < columns; i++) sum += data[row * columns + i]! * weight[o * columns + i]!
        result[row * outputs + o] = sum
      }
    return { data: result, rows, columns: outputs }
  }

  async layerNorm(x: Matrix, layer: string, epsilon = 1e-5): Promise<Matrix> {
    const gain = await this.read(`${layer}.weight`)
    const shift = await this.read(`${layer}.bias`)
    const { data, rows, columns } = normalised(x, epsilon)
    return { data: data.map((value, at) => value * gain[at % columns]! + shift[at % columns]!), rows, columns }
  }

  /** Layer normalisation with gain and shift of an index for each batch item, which has the same number of rows. */
  async adaptiveNorm(x: Matrix, layer: string, indices: readonly number[]): Promise<Matrix> {
    const { data, rows, columns } = normalised(x, 1e-5)
    const table = await this.read(`${layer}.emb.weight`)
    const embeddings = indices.flatMap((index) => [...table.subarray(index * columns, (index + 1) * columns)])
    const active = { data: Float64Array.from(embeddings, silu), rows: indices.length, columns }
    const both = (await this.linear(active, `${layer}.linear`)).data
    const sizeOfItem = data.length / indices.length
    const result = data.map((value, at) => {
      const item = Math.floor(at / sizeOfItem)
      const gain = both[item * 2 * columns + (at % columns)]!
      return value * (1 + gain) + both[(item * 2 + 1) * columns + (at % columns)]!
    })
    return { data: result, rows, columns }
  }

  /** A convolution of 1×1 or 3×3. @param padding in rows above and columns to the left; what is beyond an edge is 0 */
  async convolution(x: Maps, layer: string, { stride = 1, padding = 1 } = {}): Promise<Maps> {
    const weight = await this.read(`${layer}.weight`)
    const bias = await this.read(`${layer}.bias`)
    const [, , size = 1] = this.weights.shapes.get(`${layer}.weight`)!
    const before = size === 1 ? 0 : padding
    const { batch, channels, height, width } = x
    const out: Maps = {
      data: new Float64Array((batch * bias.length * height * width) / stride ** 2),
      batch,
      channels: bias.length,
      height: height / stride,
      width: width / stride,
    }
    for (let b = 0; b < batch; b++)
      for (let o = 0; o < out.channels; o++) {
        const to = (b * out.channels + o) * out.height * out.width
        out.data.fill(bias[o]!, to, to + out.height * out.width)
        for (let c = 0; c < channels; c++)
          for (let i = 0; i < size * size; i++) {
            const factor = weight[(o * channels + c) * size * size + i]!
            const [dy, dx] = [Math.floor(i / size) - before, (i % size) - before]
            const from = (b * channels + c) * height * width
            for (let y = 0; y < out.height; y++) {
              const row = y * stride + dy
              if (row < 0 || row >= height) continue
              for (let column = 0; column < out.width; column++) {
                const at = column * stride + dx
                if (at >= 0 && at < width)
                  out.data[to + y * out.width + column]! += factor * x.data[from + row * width + at]!
              }
            }
          }
      }
    return out
  }

  async groupNorm(x: Maps, layer: string, groups: number): Promise<Maps> {
    const gain = await this.read(`${layer}.weight`)
    const shift = await this.read(`${layer}.bias`)
    const rows = x.batch * groups
    const { data } = normalised({ data: x.data, rows, columns: x.data.length / rows }, 1e-6)
    const pixels = x.height * x.width
    const channelOf = (at: number) => Math.floor(at / pixels) % x.channels
    return { ...x, data: data.map((value, at) => value * gain[channelOf(at)]! + shift[channelOf(at)]!) }
  }
}

/** Each row less its mean, by its standard deviation. */
function normalised({ data, rows, columns }: Matrix, epsilon: number): Matrix {
  const result = new Float64Array(data.length)
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * columns, (row + 1) * columns)
    const mean = values.reduce((sum, value) => sum + value, 0) / columns
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns
    const factor = 1 / Math.sqrt(variance + epsilon)
    for (let i = 0; i < columns; i++) result[row * columns + i] = (values[i]! - mean) * factor
  }
  return { data: result, rows, columns }
}

export function map(x: Matrix, f: (value: number) => number): Matrix {
  return { ...x, data: x.data.map((value) => f(value)) }
}

export function sum(x: Matrix, y: Matrix): Matrix {
  return { ...x, data: x.data.map((value, at) => value + y.data[at]!) }
}

/** softmax(q·kᵀ/√d)·v for each item and head; with `causal` a row sees those up to its own. */
export function attention(q: Matrix, k: Matrix, v: Matrix, batch: number, heads: number, causal = false): Matrix {
  const [n, m] = [q.rows / batch, k.rows / batch]
  const width = q.columns
  const size = width / heads
  const result = new Float64Array(q.data.length)
  const shares = new Float64Array(m)
  for (let b = 0; b < batch; b++)
    for (let head = 0; head < heads; head++)
      for (let i = 0; i < n; i++) {
        const from = (b * n + i) * width + head * size
        const seen = causal ? i + 1 : m
        for (let j = 0; j < seen; j++) {
          const key = (b * m + j) * width + head * size
          let product = 0
          for (let d = 0; d < size; d++) product += q.data[from + d]! * k.data[key + d]!
          shares[j] = product / Math.sqrt(size)
        }
        softmax(shares.subarray(0, seen))
        for (let j = 0; j < seen; j++) {
          const value = (b * m + j) * width + head * size
          for (let d = 0; d < size; d++) result[from + d]! += shares[j]! * v.data[value + d]!
        }
      }
  return { data: result, rows: q.rows, columns: width }
}

/** In place. */
export function softmax(values: Float64Array): void {
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] = Math.exp(values[i]! - largest)
  for (let i = 0; i < values.length; i++) values[i]! /= sum
}

/** Feature maps as rows of pixels: [batch · height · width, channels]. */
export function pixelsOf({ data, batch, channels, height, width }: Maps): Matrix {
  return { data: swapped(data, batch, channels, height * width), rows: batch * height * width, columns: channels }
}

/** The inverse of `pixelsOf`. */
export function mapsOf({ data, columns }: Matrix, batch: number, height: number, width: number): Maps {
  return { data: swapped(data, batch, height * width, columns), batch, channels: columns, height, width }
}

/** [batch, rows, columns] → [batch, columns, rows] */
function swapped(data: Float64Array, batch: number, rows: number, columns: number): Float64Array {
  const result = new Float64Array(data.length)
  for (let b = 0; b < batch; b++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        result[(b * columns + column) * rows + row] = data[(b * rows + row) * columns + column]!
  return result
}
