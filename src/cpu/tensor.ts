import { elementCount } from '../checks'
import { makeDisposable } from '../dispose'
import { DestroyedError, DtypeError, LimitError, ShapeError } from '../errors'
import { arrayClass, type HalfArray } from '../typed_arrays'
import { otherCopy, shapeText, tensorClass, valueText } from '../value_text'

/** Host arrays that a tensor of the CPU scheduler wraps, of any realm. */
export type CpuArray = Float64Array | Float32Array | HalfArray | Uint32Array | Int32Array
/** Element type of a tensor in host memory: that of its array. */
export type CpuDtype = 'f64' | 'f32' | 'f16' | 'u32' | 'i32'

/** The dtype of an array by its class. */
const arrayDtypes: Readonly<Record<string, CpuDtype>> = {
  Float64Array: 'f64',
  Float32Array: 'f32',
  Float16Array: 'f16',
  Uint32Array: 'u32',
  Int32Array: 'i32',
}

/** A dense row-major tensor in host memory, the counterpart of `GpuTensor`. */
export class CpuTensor<A extends CpuArray = CpuArray> {
  /** Element type, that of `data`. */
  readonly dtype: CpuDtype
  /** Sizes of the axes. */
  readonly shape: readonly number[]
  private isDestroyed = false

  /** Wraps the array without copying. Throws DtypeError, or ShapeError unless the shape holds `data.length` elements. */
  constructor(
    /** The elements in row-major order. Not a copy: writing to it changes the tensor. */
    readonly data: A,
    shape: readonly number[],
  ) {
    this.dtype = dtypeOf(data)
    if (elementCount(shape) !== data.length)
      throw new ShapeError(`Shape ${shapeText(shape)} holds ${elementCount(shape)} elements; given ${data.length}.`)
    this.shape = [...shape]
    makeDisposable(this)
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length
  }

  /** Whether `destroy` was called. */
  get destroyed(): boolean {
    return this.isDestroyed
  }

  /** A copy of the elements. Resolves at once, or rejects with DestroyedError. */
  async read(): Promise<A> {
    this.assertAlive()
    return this.data.slice() as A
  }

  /** Copies the tensor into a new one. Throws DestroyedError. */
  clone(): CpuTensor<A> {
    this.assertAlive()
    return new CpuTensor(this.data.slice() as A, this.shape)
  }

  /** Leaves the array to its owner, but the tensor cannot be used any more, as a destroyed `GpuTensor`. Idempotent. */
  destroy(): void {
    this.isDestroyed = true
  }

  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void {
    this.destroy()
  }

  /** Throws DestroyedError if the tensor was destroyed, or its array transferred or resized. */
  assertAlive(): void {
    if (this.isDestroyed) throw new DestroyedError(`The tensor of shape ${shapeText(this.shape)} was destroyed.`)
    if (this.data.length !== elementCount(this.shape))
      throw new DestroyedError(
        `The array of the tensor of shape ${shapeText(this.shape)} was transferred or resized; it has ` +
          `${this.data.length} elements.`,
      )
  }
}

function dtypeOf(data: CpuArray): CpuDtype {
  const dtype = arrayDtypes[arrayClass(data)]
  if (!dtype)
    throw new DtypeError(`A CPU tensor needs a ${Object.keys(arrayDtypes).join(' or ')}; given ${valueText(data)}.`)
  return dtype
}

/** A new tensor of zeros. Throws ShapeError, or LimitError if the platform cannot allocate it. */
export function zeros<A extends Float64Array | Uint32Array>(
  ArrayType: new (length: number) => A,
  shape: readonly number[],
): CpuTensor<A> {
  const size = elementCount(shape)
  try {
    return new CpuTensor(new ArrayType(size), shape)
  } catch (cause) {
    throw new LimitError(`A tensor of shape ${shapeText(shape)} needs ${size} elements: ${(cause as Error).message}.`, {
      cause,
    })
  }
}

/** Returns a CpuTensor unchanged. Throws DestroyedError, or ShapeError for any other value. */
export function asCpuTensor(name: string, value: CpuTensor): CpuTensor {
  if (!(value instanceof CpuTensor))
    throw new ShapeError(
      `${name} needs to be a CpuTensor; given ${valueText(value)}. ${
        tensorClass(value) === 'CpuTensor'
          ? otherCopy
          : 'Create tokens with scheduler.uploadTokens(), other tensors with new CpuTensor(data, shape).'
      }`,
    )
  value.assertAlive()
  return value
}
