import { CheckpointError } from '../../errors'
import type { Weights } from '../checkpoint/checkpoint'
import { toFloat16 } from '../onnx/float16'
import { GraphBuilder } from '../onnx/graph_builder'
import type { Attribute, DataType } from '../onnx/model'
import { quantise } from '../onnx/quantise'

/** How weights are stored: as floats of 32 or 16 bits, or the matrices as integers of 8 or 4 bits and the rest in float32. */
export type WeightType = 'f32' | 'f16' | 'q8' | 'q4'

export interface GraphOptions {
  readonly dtype: WeightType
  /** Whether attention is onnxruntime's one operator, or made of those of ONNX. */
  readonly attention: 'fused' | 'plain'
}

/** Sizes of a batch item of an image or feature map. */
export interface Extent {
  readonly channels: number
  readonly height: number
  readonly width: number
}

/** How a matrix is stored at least, whatever the weight type. */
export type Precision = 'at least 8 bits' | 'exact'

/** Inputs and attributes of a node. */
export type NodeParts = readonly [inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>]

const epsilonOfLayerNorm = 1e-5
const epsilonOfGroupNorm = 1e-6

/**
 * The graph of a network, layer by layer, by the names of its weights. Activations are float16 with the weight type f16,
 * else float32.
 */
export class NetworkGraph extends GraphBuilder {
  constructor(
    name: string,
    readonly weights: Weights,
    readonly options: GraphOptions,
  ) {
    super(name)
  }

  get float(): DataType {
    return this.options.dtype === 'f16' ? 'float16' : 'float32'
  }

  /** Sizes of weights. Throws CheckpointError if they are missing. */
  shape(name: string): readonly number[] {
    const shape = this.weights.shapes.get(name)
    if (!shape) throw new CheckpointError(`The checkpoint has no ${name}, which the ${this.name} needs.`, name)
    return shape
  }

  has(name: string): boolean {
    return this.weights.shapes.has(name)
  }

  /** Floats in the type of the activations, made together. */
  addFloats(
    tensors: readonly { readonly name: string; readonly dims: readonly number[] }[],
    make: () => Promise<readonly Float32Array[]>,
  ): string[] {
    const half = this.float === 'float16'
    const specs = tensors.map((tensor) => ({ ...tensor, dataType: this.float }))
    return this.addConstants(specs, async () => (await make()).map((values) => (half ? toFloat16(values) : values)))
  }

  floats(name: string, dims: readonly number[], make: () => Promise<Float32Array> | Float32Array): string {
    return this.addFloats([{ name, dims }], async () => [await make()])[0]!
  }

  /** Weights as they are, in their shape or another. */
  weight(name: string, dims: readonly number[] = this.shape(name)): string {
    return this.floats(name, dims, () => this.weights.read(name))
  }

  /** A float32 input in the type of the activations. */
  floatInput(name: string, dims: readonly number[]): string {
    const input = this.input({ name, dataType: 'float32', dims })
    return this.float === 'float16' ? this.node('Cast', [input], { to: 10 }) : input
  }

  /** Makes activations a float32 output: by the last node, whose operator, inputs and attributes are given. */
  floatOutput(
    name: string,
    dims: readonly number[],
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    this.outputs.push({ name, dataType: 'float32', dims })
    if (this.float === 'float16') this.node('Cast', [this.node(operator, inputs, attributes)], { to: 1 }, name)
    else this.node(operator, inputs, attributes, name)
  }

  /** x·Wᵀ of torch's Linear, without its bias. Quantised if the weight type says so and the width is a multiple of 16. */
  matMul(x: string, layer: string, precision?: Precision): string {
    const name = `${layer}.weight`
    const [rows = 0, columns = 0] = this.shape(name)
    const { dtype } = this.options
    const block = [32, 16].find((size) => columns % size === 0)
    if (precision === 'exact' || !block || dtype === 'f32' || dtype === 'f16')
      return this.node('MatMul', [
        x,
        this.floats(`${name}.T`, [columns, rows], async () => transposed(await this.weights.read(name), columns)),
      ])
    const bits = dtype === 'q8' || precision === 'at least 8 bits' ? 8 : 4
    const blocks = columns / block
    const [packed, scales] = this.addConstants(
      [
        { name: `${name}.packed`, dataType: 'uint8', dims: [rows, blocks, (block * bits) / 8] },
        { name: `${name}.scales`, dataType: 'float32', dims: [rows, blocks] },
      ],
      async () => {
        const quantised = quantise(await this.weights.read(name), block, bits)
        return [quantised.packed, quantised.scales]
      },
    )
    return this.node('MatMulNBits', [x, packed!, scales!], {
      K: columns,
      N: rows,
      bits,
      block_size: block,
      // Products in float32: 4 would round the activations to 8 bits.
      accuracy_level: 1,
    })
  }

  /** torch's Linear. */
  linear(x: string, layer: string, precision?: Precision): string {
    const product = this.matMul(x, layer, precision)
    return this.has(`${layer}.bias`) ? this.node('Add', [product, this.weight(`${layer}.bias`)]) : product
  }

  layerNorm(x: string, layer: string, epsilon = epsilonOfLayerNorm): string {
    return this.node('LayerNormalization', ...this.layerNormParts(x, layer, epsilon))
  }

  layerNormParts(x: string, layer: string, epsilon: number): NodeParts {
    const inputs = [x, this.weight(`${layer}.weight`), this.weight(`${layer}.bias`)]
    return [inputs, { axis: -1, epsilon: { float32: epsilon } }]
  }

  /** Layer normalisation without weights. */
  plainLayerNorm(x: string, width: number): string {
    const ones = this.floats(`ones_${width}`, [width], () => new Float32Array(width).fill(1))
    return this.node('LayerNormalization', [x, ones], { axis: -1, epsilon: { float32: epsilonOfLayerNorm } })
  }

  /** x·σ(αx) */
  quickGelu(x: string, alpha = 1.702): string {
    return this.node('QuickGelu', [x], { alpha: { float32: alpha } })
  }

  silu(x: string): string {
    return this.quickGelu(x, 1)
  }

  /** softmax(q·kᵀ/√d + mask)·v for each head; q [B, n, width], k and v [B, m, width]. */
  attention(q: string, k: string, v: string, heads: number, width: number, mask?: string): string {
    if (this.options.attention === 'fused' && mask === undefined)
      return this.node('MultiHeadAttention', [q, k, v], { num_heads: heads })
    const size = width / heads
    const split = (x: string, perm: number[]) =>
      this.node('Transpose', [this.node('Reshape', [x, this.integers(0, 0, heads, size)])], { perm })
    const factor = this.floats(`scale_${size}`, [1], () => Float32Array.of(1 / Math.sqrt(size)))
    const products = this.node('MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])])
    const scores = this.node('Mul', [products, factor])
    const masked = mask === undefined ? scores : this.node('Add', [scores, mask])
    const shares = this.node('Softmax', [masked], { axis: -1 })
    const mixed = this.node('MatMul', [shares, split(v, [0, 2, 1, 3])])
    const joined = this.node('Transpose', [mixed], { perm: [0, 2, 1, 3] })
    return this.node('Reshape', [joined, this.integers(0, 0, width)])
  }

  /** A convolution; one of 3×3 is padded to keep the size unless the attributes say otherwise. */
  convolution(x: string, layer: string, attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.node('Conv', ...this.convolutionParts(x, layer, attributes))
  }

  convolutionParts(x: string, layer: string, attributes: Readonly<Record<string, Attribute>> = {}): NodeParts {
    const name = `${layer}.weight`
    const [outputs = 0, channels = 0, ...kernel] = this.shape(name)
    const padding: Readonly<Record<string, Attribute>> = kernel[0] === 3 ? { pads: [1, 1, 1, 1] } : {}
    const extra = kernel[0] === 1 ? 0 : extraChannels(channels, outputs)
    const given =
      extra === 0
        ? [x, this.weight(name)]
        : [
            this.node('Pad', [x, this.integers(0, 0, 0, 0, 0, extra, 0, 0)]),
            this.floats(`${name}.padded`, [outputs, channels + extra, ...kernel], async () => {
              const values = await this.weights.read(name)
              return withZeros(values, outputs, (values.length / outputs / channels) * extra)
            }),
          ]
    return [[...given, this.weight(`${layer}.bias`)], { kernel_shape: kernel, ...padding, ...attributes }]
  }

  /** Group normalisation. By InstanceNormalization, since onnxruntime-web has no operator for it on WebGPU. */
  groupNorm(x: string, layer: string, groups: number, { channels, height, width }: Extent): string {
    const grouped = this.node('Reshape', [x, this.integers(0, groups, -1)])
    const fill = (value: number) =>
      this.floats(`groups_of_${value}_${groups}`, [groups], () => new Float32Array(groups).fill(value))
    const normal = this.node('InstanceNormalization', [grouped, fill(1), fill(0)], {
      epsilon: { float32: epsilonOfGroupNorm },
    })
    const map = this.node('Reshape', [normal, this.integers(0, channels, height, width)])
    const scaled = this.node('Mul', [map, this.weight(`${layer}.weight`, [channels, 1, 1])])
    return this.node('Add', [scaled, this.weight(`${layer}.bias`, [channels, 1, 1])])
  }
}

/**
 * Channels of zeros that a convolution's input needs beside its own. onnxruntime-web's WebGPU provider (1.30) gives wrong values for
 * 6, 9, 15 … channels, multiples of 3 but not of 4, if those of the output are a multiple of 4; 3 are right.
 */
function extraChannels(channels: number, outputs: number): number {
  const isWrong = channels > 3 && channels % 3 === 0 && outputs % 4 === 0
  return isWrong ? -channels & 3 : 0
}

/** A matrix of this many rows with `count` zeros after each. */
function withZeros(matrix: Float32Array, rows: number, count: number): Float32Array<ArrayBuffer> {
  const columns = matrix.length / rows
  const result = new Float32Array(rows * (columns + count))
  for (let row = 0; row < rows; row++)
    result.set(matrix.subarray(row * columns, (row + 1) * columns), row * (columns + count))
  return result
}

/** The transpose of a matrix with this many columns. */
export function transposed(matrix: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const rows = matrix.length / columns
  const result = new Float32Array(matrix.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = matrix[row * columns + column]!
  return result
}
