import { VQDiffusionError } from '../errors'

/** The model is no ONNX model, or onnxruntime-web failed to load or run it. */
export class OnnxRuntimeError extends VQDiffusionError {
  // A literal, since minifiers rename classes.
  override readonly name = 'OnnxRuntimeError'
}
