import onnxProto from 'onnx-proto'

const { onnx } = onnxProto
const { FLOAT, FLOAT16, INT32, INT64 } = onnx.TensorProto.DataType
const { AttributeType } = onnx.AttributeProto

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64'
const elementTypes: Record<ElementType, number> = { float32: FLOAT, float16: FLOAT16, int32: INT32, int64: INT64 }

type AttributeValue = number | readonly number[]

/** The name of a value in the graph. */
export type Value = string

/** Writes an ONNX model node by node. Shapes are fixed. */
export class OnnxGraph {
  readonly #nodes: object[] = []
  readonly #inputs: object[] = []
  readonly #initializers: object[] = []
  readonly #outputs: object[] = []
  #counter = 0

  input(name: string, type: ElementType, dims: readonly number[]): Value {
    this.#inputs.push(describe(name, type, dims))
    return name
  }

  output(value: Value, type: ElementType, dims: readonly number[]): void {
    this.#outputs.push(describe(value, type, dims))
  }

  /** A float32 constant; a number is a scalar. */
  float(values: number | readonly number[]): Value {
    const name = this.#fresh('float')
    const [dims, floatData] = typeof values === 'number' ? [[], [values]] : [[values.length], [...values]]
    this.#initializers.push({ name, dataType: FLOAT, dims, floatData })
    return name
  }

  /** Constants of integers: shapes and axes are int64, token arithmetic is int32. */
  int64(values: readonly number[]): Value {
    const name = this.#fresh('int64')
    this.#initializers.push({ name, dataType: INT64, dims: [values.length], int64Data: [...values] })
    return name
  }

  int32(values: Int32Array | number, dims: readonly number[] = []): Value {
    const name = this.#fresh('int32')
    const int32Data = typeof values === 'number' ? [values] : Array.from(values)
    this.#initializers.push({ name, dataType: INT32, dims: [...dims], int32Data })
    return name
  }

  /** Adds a node with one output; integers and lists of integers are its attributes. */
  op(opType: string, inputs: readonly Value[], attributes: Record<string, AttributeValue> = {}): Value {
    return this.ops(opType, inputs, 1, attributes)[0]!
  }

  /** Adds a node with several outputs; it is named after the first. */
  ops(
    opType: string,
    inputs: readonly Value[],
    count: number,
    attributes: Record<string, AttributeValue> = {},
  ): Value[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(opType))
    this.#nodes.push({
      opType,
      name: outputs[0],
      input: [...inputs],
      output: outputs,
      attribute: Object.entries(attributes).map(([name, value]) =>
        typeof value === 'number'
          ? { name, type: AttributeType.INT, i: value }
          : { name, type: AttributeType.INTS, ints: [...value] },
      ),
    })
    return outputs
  }

  cast(value: Value, type: ElementType): Value {
    return this.op('Cast', [value], { to: elementTypes[type] })
  }

  reshape(value: Value, dims: readonly number[]): Value {
    return this.op('Reshape', [value, this.int64(dims)])
  }

  encode(): Uint8Array {
    const graph = {
      name: 'step',
      node: this.#nodes,
      input: this.#inputs,
      output: this.#outputs,
      initializer: this.#initializers,
    }
    const model = onnx.ModelProto.create({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph })
    return onnx.ModelProto.encode(model).finish()
  }

  #fresh(prefix: string): Value {
    return `${prefix}_${this.#counter++}`
  }
}

function describe(name: string, type: ElementType, dims: readonly number[]) {
  const shape = { dim: dims.map((dimValue) => ({ dimValue })) }
  return { name, type: { tensorType: { elemType: elementTypes[type], shape } } }
}
