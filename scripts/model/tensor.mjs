import onnxProto from 'onnx-proto'

export const { FLOAT, FLOAT16, INT8, INT32, INT64 } = onnxProto.onnx.TensorProto.DataType

/**
 * A tensor in memory.
 *
 * @typedef {{ dims: number[], values: Int8Array | Float32Array }} Tensor
 */

/**
 * The tensors of an ONNX graph by their names. Halves become floats, which hold their values.
 *
 * @returns {Map<string, Tensor>}
 */
export function tensorsOf(graph) {
  return new Map(graph.initializer.map((tensor) => [tensor.name, decode(tensor)]))
}

function decode({ name, dims, dataType, rawData }) {
  // A copy, since the content of a decoded message is not aligned.
  const { buffer } = Uint8Array.from(rawData)
  return { dims: dims.map(Number), values: valuesOf(name, dataType, buffer) }
}

function valuesOf(name, dataType, buffer) {
  if (dataType === FLOAT) return new Float32Array(buffer)
  if (dataType === INT8) return new Int8Array(buffer)
  if (dataType === FLOAT16) return Float32Array.from(new Uint16Array(buffer), halfValue)
  throw new Error(`The tensor ${name} needs to be float32, float16 or int8; it has the ONNX type ${dataType}.`)
}

/** The number that these 16 bits stand for, which is finite. */
function halfValue(bits) {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}
