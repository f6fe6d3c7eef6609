import { DeviceMismatchError, DtypeError, ShapeError } from './errors'
import { type Dtype, GpuTensor } from './tensor'

/** An onnxruntime-web tensor whose data lies in a GPU buffer. */
export interface OnnxGpuTensor {
  readonly location: string
  readonly type: string
  readonly dims: readonly number[]
  readonly gpuBuffer: unknown
}

const dtypes: Record<string, Dtype> = { float32: 'f32', float16: 'f16', uint32: 'u32', int32: 'i32' }

/**
 * A GpuTensor as it is, or an onnxruntime-web GPU tensor viewed as one. Throws DeviceMismatchError for a tensor of
 * another device (an onnxruntime-web tensor does not tell its device), LimitError as `GpuTensor.borrow` does, DtypeError
 * or ShapeError for anything else.
 */
export function asGpuTensor(device: GPUDevice, name: string, value: GpuTensor | OnnxGpuTensor): GpuTensor {
  if (value instanceof GpuTensor) {
    if (value.device !== device)
      throw new DeviceMismatchError(
        `${name} lives on another GPUDevice ('${value.device.label}') than the scheduler ('${device.label}').`,
      )
    value.assertAlive()
    return value
  }
  if (value?.location !== 'gpu-buffer')
    throw new ShapeError(
      `${name} needs to be a GpuTensor or an onnxruntime-web tensor in a gpu-buffer; given ` +
        `${value?.location === undefined ? typeof value : `a tensor at '${value.location}'`}. Upload it with GpuTensor.from().`,
    )
  const dtype = dtypes[value.type]
  if (!dtype) throw new DtypeError(`${name} needs to be float32, float16, int32 or uint32; given ${value.type}.`)
  return GpuTensor.borrow(device, value.gpuBuffer as GPUBuffer, value.dims, dtype)
}
