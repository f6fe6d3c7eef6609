import { requireDtype, requireLogits } from '../checks'
import type { OnnxGpuTensor } from '../onnx_tensor'
import type { Guidance, Layout } from '../options'
import type { Features } from './shader'
import { asGpuTensor, type GpuTensor } from './tensor'

/** Logits as a network returns them. */
export type LogitsTensor = GpuTensor | OnnxGpuTensor

/** Dtypes of logits that the kernels read. */
export const logitDtypes: readonly string[] = ['f32', 'f16']

/** Checked logits. Without guidance there is only the conditional half. */
export interface LogitsSource {
  readonly conditional: GpuTensor
  readonly unconditional: GpuTensor | undefined
  readonly scale: number
  readonly layout: Layout
}

/**
 * Checks the logits of B items of N pixels and K classes. Without `guidance.unconditional` the model output holds 2B
 * items, the unconditional half first. Throws ShapeError, DtypeError, DeviceMismatchError, DestroyedError.
 */
export function logitsSource(
  device: GPUDevice,
  modelOutput: LogitsTensor,
  { layout = 'class-major', guidance }: { layout?: Layout; guidance?: Guidance<LogitsTensor> },
  [batchSize, numCodes, numPixels]: readonly [number, number, number],
): LogitsSource {
  const check = (name: string, value: LogitsTensor, items: number): GpuTensor => {
    const tensor = asGpuTensor(device, name, value)
    requireLogits(name, tensor, layout, [items, numCodes, numPixels], logitDtypes)
    return tensor
  }
  const scale = guidance?.scale ?? 1
  if (!guidance) {
    const conditional = check('modelOutput', modelOutput, batchSize)
    return { conditional, unconditional: undefined, scale, layout }
  }
  if (guidance.unconditional !== undefined) {
    const conditional = check('modelOutput', modelOutput, batchSize)
    const unconditional = check('guidance.unconditional', guidance.unconditional, batchSize)
    requireDtype('guidance.unconditional', unconditional, [conditional.dtype])
    return { conditional, unconditional, scale, layout }
  }
  const both = check('modelOutput (unconditional half first)', modelOutput, 2 * batchSize)
  return { conditional: both.slice(batchSize, 2 * batchSize), unconditional: both.slice(0, batchSize), scale, layout }
}

/** Whether four classes of a column lie together, and the first at a multiple of four elements. */
export function readsVectors({ layout, conditional, unconditional }: LogitsSource, numCodes: number): boolean {
  return layout === 'pixel-major' && (numCodes | conditional.offset | (unconditional?.offset ?? 0)) % 4 === 0
}

/** The features of a kernel that reads these logits. */
export function logitsFeatures({ conditional, unconditional }: LogitsSource): Features {
  return { GUIDED: unconditional !== undefined, F16: conditional.dtype === 'f16' }
}

/** The buffers of the logits, by the names of their bindings. */
export function logitsBuffers({ conditional, unconditional }: LogitsSource): Record<string, GPUBuffer> {
  return { conditional: conditional.buffer, ...(unconditional && { unconditional: unconditional.buffer }) }
}

/** The fields that every parameter struct of a kernel that reads logits has. */
export function logitsParameters({ conditional, unconditional, scale }: LogitsSource) {
  return {
    conditional_offset: conditional.offset,
    unconditional_offset: unconditional?.offset ?? 0,
    guidance_scale: scale,
  }
}

/** `class_major` of the parameter structs. */
export function isClassMajor(layout: Layout): number {
  return layout === 'class-major' ? 1 : 0
}
