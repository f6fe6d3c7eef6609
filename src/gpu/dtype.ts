import type { HalfArray } from '../typed_arrays'

/** Element types of tensors on the GPU, and the host arrays that hold them. */

/** Element type of a tensor on the GPU. */
export type Dtype = 'f32' | 'f16' | 'u32' | 'i32'
/** The host array of a dtype; f16 is a Uint16Array of IEEE half-precision bits. */
export type TypedArrayOf<D extends Dtype> = D extends 'f32'
  ? Float32Array<ArrayBuffer>
  : D extends 'f16'
    ? Uint16Array<ArrayBuffer>
    : D extends 'u32'
      ? Uint32Array<ArrayBuffer>
      : Int32Array<ArrayBuffer>

/** Size of an element. */
export const bytesPerElement = { f32: 4, f16: 2, u32: 4, i32: 4 } as const
/** All dtypes. */
export const dtypes: readonly string[] = Object.keys(bytesPerElement)
/** The host array that a tensor of a dtype is read into. */
export const arrayTypes = { f32: Float32Array, f16: Uint16Array, u32: Uint32Array, i32: Int32Array } as const
/** The dtype of an array by its class. */
export const arrayDtypes: Readonly<Record<string, Dtype>> = {
  Float32Array: 'f32',
  Uint16Array: 'f16',
  Float16Array: 'f16',
  Uint32Array: 'u32',
  Int32Array: 'i32',
}

/** Host data that a tensor takes, of any realm. f16 is a Float16Array, or a Uint16Array of its bits. */
export type UploadArray = Float32Array | Uint16Array | HalfArray | Uint32Array | Int32Array
