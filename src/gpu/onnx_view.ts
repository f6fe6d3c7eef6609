import { DtypeError, ShapeError } from '../errors'
import type { OnnxGpuTensor } from '../onnx_tensor'
import { otherCopy, tensorClass, valueText } from '../value_text'
import type { Dtype } from './dtype'

const onnxDtypes = /* @__PURE__ */ new Map<unknown, Dtype>([
  ['float32', 'f32'],
  ['float16', 'f16'],
  ['uint32', 'u32'],
  ['int32', 'i32'],
])

/**
 * Buffer, shape and dtype of a tensor of onnxruntime-web. Throws ShapeError unless its data are on a GPU, and DtypeError for
 * a type that no kernel reads.
 */
export function viewOnnxTensor(
  name: string,
  value: OnnxGpuTensor,
): { buffer: GPUBuffer; shape: readonly number[]; dtype: Dtype } {
  if (value?.location !== 'gpu-buffer')
    throw new ShapeError(
      `${name} needs to be a GpuTensor or an onnxruntime-web tensor in a gpu-buffer; given ${valueText(value)}. ${
        tensorClass(value) === 'GpuTensor'
          ? otherCopy
          : 'Upload tokens with scheduler.uploadTokens(), other data with GpuTensor.from().'
      }`,
    )
  const dtype = onnxDtypes.get(value.type)
  if (!dtype)
    throw new DtypeError(`${name} needs to be float32, float16, int32 or uint32; given ${valueText(value.type)}.`)
  return { buffer: value.gpuBuffer as GPUBuffer, shape: value.dims, dtype }
}
