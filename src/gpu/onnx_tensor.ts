import { DeviceMismatchError, DtypeError, ShapeError } from '../errors'
import { type Dtype, GpuTensor } from './tensor'

/** A tensor of onnxruntime-web whose data is in a GPU buffer. */
export interface OnnxGpuTensor {
  readonly location: string
  readonly type: string
  readonly dims: readonly number[]
  readonly gpuBuffer: unknown
}

const dtypes: Record<string, Dtype> = { float32: 'f32', float16: 'f16', uint32: 'u32', int32: 'i32' }

/**
 * Returns a GpuTensor unchanged, and views a GPU tensor of onnxruntime-web as a GpuTensor.
 *
 * Throws DeviceMismatchError for a tensor of another device (a tensor of onnxruntime-web does not expose its device),
 * DestroyedError, LimitError as `GpuTensor.borrow` does, and DtypeError or ShapeError for any other value.
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
