import { dispose } from './dispose'
import { DestroyedError, DeviceLostError, DtypeError, LimitError, OptionError, ShapeError } from './errors'

/** Element type of a tensor as the kernels see it. */
export type Dtype = 'f32' | 'f16' | 'u32' | 'i32'
export type TypedArrayOf<D extends Dtype> = D extends 'f32'
  ? Float32Array<ArrayBuffer>
  : D extends 'f16'
    ? Uint16Array<ArrayBuffer>
    : D extends 'u32'
      ? Uint32Array<ArrayBuffer>
      : Int32Array<ArrayBuffer>

const bytesPerElement = { f32: 4, f16: 2, u32: 4, i32: 4 } as const
const arrayTypes = { f32: Float32Array, f16: Uint16Array, u32: Uint32Array, i32: Int32Array } as const

/** Number of elements of a shape. Throws ShapeError unless every dimension is a non-negative integer. */
export function elementCount(shape: readonly number[]): number {
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0)
      throw new ShapeError(`A shape needs non-negative integers; given [${shape.join(', ')}].`)
  }
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/**
 * A dense row-major tensor in a GPU buffer, owned or borrowed.
 *
 * f16 tensors hold IEEE half-precision bits; on the host they are Uint16Array. `offset` counts elements: views into a
 * larger buffer carry it to the kernels, because binding offsets would have to be multiples of 256 bytes.
 */
export class GpuTensor<D extends Dtype = Dtype> {
  /** Number of elements. */
  readonly size: number
  #destroyed = false

  private constructor(
    readonly device: GPUDevice,
    readonly buffer: GPUBuffer,
    readonly shape: readonly number[],
    readonly dtype: D,
    readonly offset: number,
    private readonly owned: boolean,
  ) {
    this.size = elementCount(shape)
  }

  /** A new zero-filled tensor that the caller owns. Throws ShapeError, or LimitError if kernels could not bind it. */
  static empty<D extends Dtype>(
    device: GPUDevice,
    shape: readonly number[],
    dtype: D,
    label = 'vqd/tensor',
  ): GpuTensor<D> {
    const bytes = elementCount(shape) * bytesPerElement[dtype]
    const limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize)
    if (bytes > limit)
      throw new LimitError(
        `A tensor of shape [${shape.join(', ')}] (${dtype}) needs ${bytes} bytes; this device allows ${limit}.`,
      )
    const buffer = device.createBuffer({
      label,
      // An empty tensor still needs a buffer that can be bound.
      size: Math.max(4, Math.ceil(bytes / 4) * 4),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    })
    return new GpuTensor(device, buffer, [...shape], dtype, 0, true)
  }

  /**
   * Uploads host data into a new tensor that the caller owns; the dtype follows the array (Uint16Array is f16 bits).
   * Throws ShapeError if the shape does not hold as many elements as the data.
   */
  static from(device: GPUDevice, data: Float32Array, shape: readonly number[], label?: string): GpuTensor<'f32'>
  static from(device: GPUDevice, data: Uint16Array, shape: readonly number[], label?: string): GpuTensor<'f16'>
  static from(device: GPUDevice, data: Uint32Array, shape: readonly number[], label?: string): GpuTensor<'u32'>
  static from(device: GPUDevice, data: Int32Array, shape: readonly number[], label?: string): GpuTensor<'i32'>
  static from(
    device: GPUDevice,
    data: Float32Array | Uint16Array | Uint32Array | Int32Array,
    shape: readonly number[],
    label?: string,
  ): GpuTensor {
    const dtype = (Object.keys(arrayTypes) as Dtype[]).find((candidate) => data instanceof arrayTypes[candidate])
    if (!dtype)
      throw new DtypeError(
        `A tensor needs a Float32Array, Uint16Array, Uint32Array or Int32Array; given ${typeName(data)}.`,
      )
    if (elementCount(shape) !== data.length)
      throw new ShapeError(`Shape [${shape.join(', ')}] holds ${elementCount(shape)} elements; given ${data.length}.`)
    const tensor = GpuTensor.empty(device, shape, dtype, label)
    tensor.write(data)
    return tensor
  }

  /**
   * Views somebody else's buffer as a tensor; `destroy()` leaves the buffer alone. `offset` counts elements. Throws
   * OptionError, ShapeError, or LimitError if kernels, which bind the buffer as a whole, could not.
   */
  static borrow<D extends Dtype>(
    device: GPUDevice,
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: D,
    offset = 0,
  ): GpuTensor<D> {
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new OptionError(`A tensor's offset needs to be a non-negative integer; given ${offset}.`)
    const needed = Math.ceil(((offset + elementCount(shape)) * bytesPerElement[dtype]) / 4) * 4
    if (buffer.size < needed)
      throw new ShapeError(
        `Shape [${shape.join(', ')}] (${dtype}) at element ${offset} needs a buffer of ${needed} bytes; given ${buffer.size}.`,
      )
    const limit = device.limits.maxStorageBufferBindingSize
    if (buffer.size > limit)
      throw new LimitError(
        `The buffer '${buffer.label}' needs a binding of ${buffer.size} bytes; this device allows ${limit}.`,
      )
    return new GpuTensor(device, buffer, [...shape], dtype, offset, false)
  }

  get byteLength(): number {
    return this.size * bytesPerElement[this.dtype]
  }

  get destroyed(): boolean {
    return this.#destroyed
  }

  /** A view of items `start` to `end` (exclusive) along the first axis; shares the buffer. */
  slice(start: number, end: number): GpuTensor<D> {
    this.assertAlive()
    const [length = 0, ...rest] = this.shape
    if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= length))
      throw new ShapeError(`slice needs 0 ≤ start ≤ end ≤ ${length}; given ${start}, ${end}.`)
    const offset = this.offset + start * elementCount(rest)
    return new GpuTensor(this.device, this.buffer, [end - start, ...rest], this.dtype, offset, false)
  }

  /** Replaces the content through the queue; the array must hold exactly `size` elements of the tensor's dtype. */
  write(data: Float32Array | Uint16Array | Uint32Array | Int32Array): void {
    this.assertAlive()
    if (!(data instanceof arrayTypes[this.dtype]))
      throw new DtypeError(
        `Writing a ${this.dtype} tensor needs a ${arrayTypes[this.dtype].name}; given ${typeName(data)}.`,
      )
    if (data.length !== this.size)
      throw new ShapeError(
        `Writing a tensor of shape [${this.shape.join(', ')}] needs ${this.size} elements; given ${data.length}.`,
      )
    if (data.length === 0) return
    const byteOffset = this.offset * bytesPerElement[this.dtype]
    if (data.byteLength % 4 === 0 && byteOffset % 4 === 0) {
      this.device.queue.writeBuffer(this.buffer, byteOffset, data as Float32Array<ArrayBuffer>)
      return
    }
    // Queue writes move whole 32-bit words: an odd number of halves is padded, where the padding is nobody else's.
    if (byteOffset % 4 !== 0 || byteOffset + data.byteLength + 2 < this.buffer.size)
      throw new OptionError(
        'Writing an f16 view needs an even element offset, and an even size unless it ends the buffer.',
      )
    const padded = new Uint16Array(data.length + 1)
    padded.set(data)
    this.device.queue.writeBuffer(this.buffer, byteOffset, padded)
  }

  /** Copies the tensor to the host: waits for the work enqueued so far. Rejects with DestroyedError or DeviceLostError. */
  async read(): Promise<TypedArrayOf<D>> {
    this.assertAlive()
    const ArrayType = arrayTypes[this.dtype]
    if (this.size === 0) return new ArrayType(0) as TypedArrayOf<D>
    const start = this.offset * bytesPerElement[this.dtype]
    const alignedStart = start - (start % 4)
    const bytes = Math.ceil((start - alignedStart + this.byteLength) / 4) * 4
    const staging = this.device.createBuffer({
      label: 'vqd/tensor/readback',
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    })
    try {
      const encoder = this.device.createCommandEncoder({ label: 'vqd/tensor/read' })
      encoder.copyBufferToBuffer(this.buffer, alignedStart, staging, 0, bytes)
      this.device.queue.submit([encoder.finish()])
      await staging.mapAsync(GPUMapMode.READ).catch((cause) => {
        // Nobody else has the staging buffer: what aborts the mapping is the loss of the device.
        if (cause.name !== 'AbortError') throw cause
        throw new DeviceLostError('The GPU device was lost.', { cause })
      })
      const copy = staging.getMappedRange().slice(0)
      return new ArrayType(copy, start - alignedStart, this.size) as TypedArrayOf<D>
    } finally {
      staging.destroy()
    }
  }

  /** An independent copy that the caller owns. */
  clone(): GpuTensor<D> {
    this.assertAlive()
    const copy = GpuTensor.empty(this.device, this.shape, this.dtype, 'vqd/tensor/clone')
    const start = this.offset * bytesPerElement[this.dtype]
    if (start % 4 !== 0) throw new OptionError('Cloning an f16 view needs an even element offset.')
    const bytes = Math.ceil(this.byteLength / 4) * 4
    if (bytes === 0) return copy
    const encoder = this.device.createCommandEncoder({ label: 'vqd/tensor/clone' })
    encoder.copyBufferToBuffer(this.buffer, start, copy.buffer, 0, bytes)
    this.device.queue.submit([encoder.finish()])
    return copy
  }

  /** Frees the buffer if this tensor made it. Idempotent. */
  destroy(): void {
    if (!this.#destroyed && this.owned) this.buffer.destroy()
    this.#destroyed = true
  }

  [dispose](): void {
    this.destroy()
  }

  /** Throws DestroyedError if the tensor was destroyed. */
  assertAlive(): void {
    if (this.#destroyed) throw new DestroyedError(`The tensor of shape [${this.shape.join(', ')}] was destroyed.`)
  }
}

function typeName(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}
