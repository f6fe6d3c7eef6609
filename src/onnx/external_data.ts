/**
 * The files in which an ONNX graph keeps tensors, as it names them: relative to the folder of the graph.
 *
 * Reads the protobuf fields ModelProto.graph (7), GraphProto.initializer (5), TensorProto.external_data (13) and of that
 * the entry with the key 'location' (https://onnx.ai/onnx/repo-docs/ExternalData.html).
 */
export function externalFiles(model: Uint8Array): string[] {
  const files = new Set<string>()
  for (const graph of submessages(model, 7))
    for (const initializer of submessages(graph, 5))
      for (const entry of submessages(initializer, 13)) {
        const [key, value] = [1, 2].map((field) => text([...submessages(entry, field)][0]))
        if (key === 'location' && value) files.add(value)
      }
  return [...files]
}

const text = (bytes: Uint8Array = new Uint8Array(0)) => new TextDecoder().decode(bytes)

/** The values of one length-delimited field of a protobuf message. Stops at the first byte that is no field. */
function* submessages(message: Uint8Array, field: number): Generator<Uint8Array, void> {
  let at = 0
  const varint = () => {
    let value = 0
    for (let factor = 1; at < message.length; factor *= 128) {
      const byte = message[at++]!
      value += (byte & 127) * factor
      if (byte < 128) break
    }
    return value
  }
  while (at < message.length) {
    const tag = varint()
    const type = tag % 8
    if (type === 0) varint()
    else if (type === 1) at += 8
    else if (type === 5) at += 4
    else if (type === 2) {
      const length = varint()
      if (Math.floor(tag / 8) === field) yield message.subarray(at, at + length)
      at += length
    } else return
  }
}
