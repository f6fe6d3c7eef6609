import { substituteOf } from '../file_content'
import { protobufFields } from './protobuf'
import { OnnxRuntimeError } from './runtime_error'

/**
 * Throws OnnxRuntimeError unless the bytes are those of a whole model file, in the format of ONNX or that of
 * onnxruntime (.ort). The message says what was found instead.
 */
export function requireModel(name: string, bytes: Uint8Array): void {
  const found = strangeContent(bytes)
  if (found) throw new OnnxRuntimeError(`${name} needs to be an ONNX model; given ${found}.`)
}

function strangeContent(bytes: Uint8Array): string | undefined {
  const substitute = substituteOf(bytes)
  if (substitute) return substitute
  const start = Array.from(bytes.subarray(0, 80), (byte) => String.fromCharCode(byte)).join('')
  if (start.startsWith('ORTM', 4)) return undefined
  if (bytes[0] !== irVersionTag) return `a file that begins with ${JSON.stringify(start)}`
  let hasGraph = false
  for (const { field, end } of protobufFields(bytes)) {
    if (end > bytes.length) return `a file that is cut off: it has ${bytes.length} of at least ${end} bytes`
    hasGraph ||= field === graphField
  }
  return hasGraph ? undefined : `a file of ${bytes.length} bytes without a graph`
}

/** The first byte of the protobuf message ModelProto, in the order that all tools write: ir_version, a varint. */
const irVersionTag = 0x08
/** The number of the field `graph`. */
const graphField = 7
