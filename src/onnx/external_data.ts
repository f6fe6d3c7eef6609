import { protobufFields } from './protobuf'

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

/** The values of one length-delimited field of a protobuf message. */
function* submessages(message: Uint8Array, wanted: number): Generator<Uint8Array, void> {
  for (const { field, start, end } of protobufFields(message)) if (field === wanted) yield message.subarray(start, end)
}
