import { substituteOf } from '../file_content'
import { submessages, textOf } from './protobuf'
import { OnnxRuntimeError } from './runtime_error'

/**
 * The files in which an ONNX graph keeps tensors, and how many bytes of each it reads. The graph names them relative to
 * its folder.
 *
 * Reads the protobuf fields ModelProto.graph (7), GraphProto.initializer (5), TensorProto.external_data (13) and of that
 * the entries with the keys 'location', 'offset' and 'length' (https://onnx.ai/onnx/repo-docs/ExternalData.html).
 */
export function externalFiles(model: Uint8Array): Map<string, number> {
  const files = new Map<string, number>()
  for (const graph of submessages(model, 7))
    for (const initializer of submessages(graph, 5)) {
      const entries = Array.from(submessages(initializer, 13), (entry) => [1, 2].map((field) => textOf(entry, field)))
      const { location, offset = 0, length = 0 } = Object.fromEntries(entries)
      if (location) files.set(location, Math.max(files.get(location) ?? 0, Number(offset) + Number(length)))
    }
  return files
}

/** Throws OnnxRuntimeError unless the file has as many bytes as its graph reads. The message says what it is instead. */
export function requireExternalData(name: string, bytes: Uint8Array, needed: number): void {
  const found = substituteOf(bytes) ?? (bytes.length < needed ? 'a file that is cut off' : undefined)
  if (found && needed > 0)
    throw new OnnxRuntimeError(
      `${name} needs to be weights of at least ${needed} bytes; given ${found}. It has ${bytes.length} bytes.`,
    )
}
