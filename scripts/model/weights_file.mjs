import onnxProto from 'onnx-proto'
import { FLOAT, INT8 } from './tensor.mjs'

const { EXTERNAL } = onnxProto.onnx.TensorProto.DataLocation

/** Each tensor begins at a multiple of so many bytes, so that it can be read in place. */
const ALIGNMENT = 64

/** A file of weights that graphs share (https://onnx.ai/onnx/repo-docs/ExternalData.html). */
export class WeightsFile {
  #tensors = new Map()
  #parts = []
  #length = 0

  /** @param {string} location of the file, relative to the graphs */
  constructor(location) {
    this.location = location
  }

  /**
   * Puts a tensor into the file, unless it is there, and gives its entry in a graph.
   *
   * @param {string} name
   * @param {import('./tensor.mjs').Tensor} tensor
   */
  add(name, { dims, values }) {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    const known = this.#tensors.get(name)
    if (known && !known.bytes.equals(bytes)) throw new Error(`Two tensors have the name ${name}.`)
    if (!known) this.#tensors.set(name, { bytes, entry: this.#append(name, dims, values, bytes) })
    return this.#tensors.get(name).entry
  }

  #append(name, dims, values, bytes) {
    const place = { location: this.location, offset: this.#length, length: bytes.length }
    const padding = -bytes.length & (ALIGNMENT - 1)
    this.#parts.push(bytes, new Uint8Array(padding))
    this.#length += bytes.length + padding
    return {
      name,
      dims,
      dataType: values instanceof Int8Array ? INT8 : FLOAT,
      dataLocation: EXTERNAL,
      externalData: Object.entries(place).map(([key, value]) => ({ key, value: String(value) })),
    }
  }

  /** The content of the file. */
  content() {
    return Buffer.concat(this.#parts)
  }
}
