import { elementCount, shapeText } from '../checks'
import { DtypeError, ShapeError } from '../errors'

export type CpuArray = Float64Array | Float32Array | Uint32Array | Int32Array
export type CpuDtype = 'f64' | 'f32' | 'u32' | 'i32'

/** A dense row-major tensor in host memory, the counterpart of `GpuTensor`. */
export class CpuTensor<A extends CpuArray = CpuArray> {
  readonly dtype: CpuDtype

  /** Wraps the array without copying. Throws ShapeError if the shape does not hold `data.length` elements. */
  constructor(
    readonly data: A,
    readonly shape: readonly number[],
  ) {
    if (elementCount(shape) !== data.length)
      throw new ShapeError(`Shape ${shapeText(shape)} holds ${elementCount(shape)} elements; given ${data.length}.`)
    this.dtype = dtypeOf(data)
  }

  get size(): number {
    return this.data.length
  }

  async read(): Promise<A> {
    return this.data.slice() as A
  }

  clone(): CpuTensor<A> {
    return new CpuTensor(this.data.slice() as A, this.shape)
  }

  /** Does nothing; for code that handles tensors of both engines. */
  destroy(): void {}
}

function dtypeOf(data: CpuArray): CpuDtype {
  if (data instanceof Float64Array) return 'f64'
  if (data instanceof Float32Array) return 'f32'
  if (data instanceof Uint32Array) return 'u32'
  if (data instanceof Int32Array) return 'i32'
  throw new DtypeError('A CPU tensor needs a Float64Array, Float32Array, Uint32Array or Int32Array.')
}
