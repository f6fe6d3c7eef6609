import onnxProto from 'onnx-proto'
import { INT64 } from './tensor.mjs'

const { onnx } = onnxProto
const { AttributeType } = onnx.AttributeProto

/** The domain of the operators that onnxruntime has beside those of ONNX. */
const CONTRIB = 'com.microsoft'

/**
 * An ONNX graph that is built operator by operator. A value is known by its name, and every method returns the name of what
 * it adds. Weights lie outside of the graph, in a file that other graphs may share.
 */
export class GraphBuilder {
  #nodes = []
  #initializers = new Map()

  /** @param {import('./weights_file.mjs').WeightsFile} weightsFile */
  constructor(weightsFile) {
    this.weightsFile = weightsFile
  }

  /**
   * A tensor of weights. The same name always stands for the same tensor.
   *
   * @param {string} name
   * @param {import('./tensor.mjs').Tensor} tensor
   */
  weights(name, tensor) {
    this.#initializers.set(name, this.weightsFile.add(name, tensor))
    return name
  }

  /** Integers such as a shape, which onnxruntime needs in the graph itself. */
  integers(values) {
    const name = `integers [${values}]`
    this.#initializers.set(name, { name, dims: [values.length], dataType: INT64, int64Data: values })
    return name
  }

  /** One operator of ONNX with one output. */
  op(opType, input, attributes = {}) {
    return this.#add({ opType, input, attributes, domain: '' }, 1)[0]
  }

  /** One operator of onnxruntime's own with one output. */
  contribOp(opType, input, attributes = {}) {
    return this.#add({ opType, input, attributes, domain: CONTRIB }, 1)[0]
  }

  /** Equal parts of a value along an axis. */
  split(input, axis, count) {
    const attributes = { axis, num_outputs: count }
    return this.#add({ opType: 'Split', input: [input], attributes, domain: '' }, count)
  }

  #add({ opType, input, attributes, domain }, numOutputs) {
    const name = `${opType} ${this.#nodes.length}`
    const output = Array.from({ length: numOutputs }, (_, i) => (numOutputs === 1 ? name : `${name}.${i}`))
    this.#nodes.push({ opType, name, domain, input, output, attribute: Object.entries(attributes).map(attributeOf) })
    return output
  }

  /**
   * The content of the .onnx file.
   *
   * @param {object[]} input
   * @param {object} output whose name is that of the last operator's result from now on
   */
  encode(input, output) {
    this.#nodes.at(-1).output = [output.name]
    const opsetImport = [
      { domain: '', version: 18 },
      { domain: CONTRIB, version: 1 },
    ]
    const graph = {
      name: 'denoiser',
      input,
      output: [output],
      initializer: [...this.#initializers.values()],
      node: this.#nodes,
    }
    return onnx.ModelProto.encode(onnx.ModelProto.create({ irVersion: 8, opsetImport, graph })).finish()
  }
}

/** An attribute that is a float, also without a fraction. */
export const float = (value) => ({ float: value })

function attributeOf([name, given]) {
  if (Array.isArray(given)) return { name, type: AttributeType.INTS, ints: given }
  if (typeof given === 'number') return { name, type: AttributeType.INT, i: given }
  return { name, type: AttributeType.FLOAT, f: given.float }
}

/** An input or output of a graph. Its batch axis comes first and is dynamic. */
export function value(name, elemType, dims) {
  const dim = [{ dimParam: 'batch' }, ...dims.map((dimValue) => ({ dimValue }))]
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}
