import { elementCount, requireDtype, requireGpuDevice, requireInteger, requireMethod, requireString } from '../checks'
import { makeDisposable } from '../dispose'
import {
  DestroyedError,
  DeviceLostError,
  DeviceMismatchError,
  DtypeError,
  LimitError,
  OptionError,
  ShapeError,
  WebGPUError,
} from '../errors'
import type { OnnxGpuTensor } from '../onnx_tensor'
import { arrayClass, type HalfArray } from '../typed_arrays'
import { shapeText, valueText } from '../value_text'
import {
  arrayDtypes,
  arrayTypes,
  bytesPerElement,
  type Dtype,
  dtypes,
  type TypedArrayOf,
  type UploadArray,
} from './dtype'
import { bufferText, deviceText, usageText } from './gpu_text'
import { viewOnnxTensor } from './onnx_view'

/**
 * A dense row-major tensor in a GPU buffer, owned or borrowed. A tensor is freed by `destroy`; tensors that a method
 * returns belong to the caller.
 */
export class GpuTensor<D extends Dtype = Dtype> {
  /** Number of elements. */
  readonly size: number
  private isDestroyed = false

  private constructor(
    /** The device of the buffer. */
    readonly device: GPUDevice,
    /** The buffer with the elements, from `offset` on. It may be larger than the tensor. */
    readonly buffer: GPUBuffer,
    /** Sizes of the axes. */
    readonly shape: readonly number[],
    /** Element type. */
    readonly dtype: D,
    /**
     * Place of the first element in the buffer, in elements. The kernels add it: binding offsets would have to be multiples
     * of 256 bytes.
     */
    readonly offset: number,
    private readonly owned: boolean,
  ) {
    this.size = elementCount(shape)
    // Without a call where it is not needed: most steps create a tensor.
    if (Symbol.dispose === undefined) makeDisposable(this)
  }

  /**
   * Creates a zero-filled tensor. Throws OptionError, DtypeError, ShapeError, or LimitError if it is larger than the
   * device can bind.
   */
  static empty<D extends Dtype>(
    device: GPUDevice,
    shape: readonly number[],
    dtype: D,
    label = 'vqd/tensor',
  ): GpuTensor<D> {
    requireGpuDevice('The first argument of GpuTensor.empty', device)
    requireString('label', label)
    const bytes = requireBindable(device, shape, dtype)
    const descriptor = {
      label,
      // An empty tensor still needs a buffer that can be bound.
      size: Math.max(4, Math.ceil(bytes / 4) * 4),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    }
    const [buffer, answer] = inErrorScope(device, 'out-of-memory', () => device.createBuffer(descriptor))
    answers.set(buffer, answer)
    return new GpuTensor(device, buffer, [...shape], dtype, 0, true)
  }

  /**
   * Uploads host data into a new tensor. The dtype follows the array; a Float16Array is f16, and a Uint16Array its bits.
   * Throws OptionError, DtypeError, LimitError, or ShapeError if the shape holds another number of elements than the data.
   */
  static from(device: GPUDevice, data: Float32Array, shape: readonly number[], label?: string): GpuTensor<'f32'>
  static from(
    device: GPUDevice,
    data: Uint16Array | HalfArray,
    shape: readonly number[],
    label?: string,
  ): GpuTensor<'f16'>
  static from(device: GPUDevice, data: Uint32Array, shape: readonly number[], label?: string): GpuTensor<'u32'>
  static from(device: GPUDevice, data: Int32Array, shape: readonly number[], label?: string): GpuTensor<'i32'>
  static from(device: GPUDevice, data: UploadArray, shape: readonly number[], label?: string): GpuTensor {
    requireGpuDevice('The first argument of GpuTensor.from', device)
    const dtype = arrayDtypes[arrayClass(data)]
    if (!dtype)
      throw new DtypeError(`A tensor needs a ${Object.keys(arrayDtypes).join(' or ')}; given ${valueText(data)}.`)
    if (elementCount(shape) !== data.length)
      throw new ShapeError(`Shape ${shapeText(shape)} holds ${elementCount(shape)} elements; given ${data.length}.`)
    const tensor = GpuTensor.empty(device, shape, dtype, label)
    tensor.write(data)
    return tensor
  }

  /**
   * Views an existing buffer as a tensor; `destroy()` does not free the buffer. `offset` counts elements. Kernels bind
   * the whole buffer, so its usage needs STORAGE; `read` and `clone` need COPY_SRC, `write` COPY_DST. Throws OptionError,
   * DtypeError, ShapeError, LimitError if the buffer is larger than the device can bind or than kernels can index, or
   * WebGPUError if it lacks STORAGE or is mapped. WebGPU does not tell the device of a buffer, nor whether it was
   * destroyed: work with such a buffer is refused later (docs/MATH.md#faults).
   */
  static borrow<D extends Dtype>(
    device: GPUDevice,
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: D,
    offset = 0,
  ): GpuTensor<D> {
    requireGpuDevice('The first argument of GpuTensor.borrow', device)
    requireMethod('buffer', buffer, 'mapAsync', 'a GPUBuffer')
    requireDtype('GpuTensor.borrow', { dtype }, dtypes)
    requireInteger("A tensor's offset", offset, 0)
    const needed = Math.ceil(((offset + elementCount(shape)) * bytesPerElement[dtype]) / 4) * 4
    if (buffer.size < needed)
      throw new ShapeError(
        `Shape ${shapeText(shape)} (${dtype}) at element ${offset} needs a buffer of ${needed} bytes; given ${buffer.size}.`,
      )
    const limit = device.limits.maxStorageBufferBindingSize
    if (buffer.size > limit)
      throw new LimitError(
        `The buffer '${buffer.label}' needs a binding of ${buffer.size} bytes; this device allows ${limit}.`,
      )
    requireIndexable(shape, offset)
    const tensor = new GpuTensor(device, buffer, [...shape], dtype, offset, false)
    tensor.requireUsage('A tensor', 'STORAGE')
    return tensor
  }

  /** Size of the elements in bytes. */
  get byteLength(): number {
    return this.size * bytesPerElement[this.dtype]
  }

  /** Whether `destroy` was called. */
  get destroyed(): boolean {
    return this.isDestroyed
  }

  /** A view of items `start` to `end` (exclusive) along the first axis; it shares the buffer. Throws ShapeError. */
  slice(start: number, end: number): GpuTensor<D> {
    this.assertAlive()
    const [length = 0, ...rest] = this.shape
    if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= length))
      throw new ShapeError(`slice needs 0 ≤ start ≤ end ≤ ${length}; given ${valueText(start)}, ${valueText(end)}.`)
    const offset = this.offset + start * elementCount(rest)
    return new GpuTensor(this.device, this.buffer, [end - start, ...rest], this.dtype, offset, false)
  }

  /**
   * Replaces the content, in the order of the queue. The array needs exactly `size` elements of the tensor's dtype.
   * Throws DtypeError, ShapeError, DestroyedError, OptionError for an f16 view that is not aligned to 32 bits, or
   * WebGPUError if the buffer cannot be written to.
   */
  write(data: UploadArray): void {
    this.requireUsage('GpuTensor.write', 'COPY_DST')
    if (arrayDtypes[arrayClass(data)] !== this.dtype) {
      const classes = Object.keys(arrayDtypes).filter((name) => arrayDtypes[name] === this.dtype)
      throw new DtypeError(`Writing a ${this.dtype} tensor needs a ${classes.join(' or ')}; given ${valueText(data)}.`)
    }
    if (data.length !== this.size)
      throw new ShapeError(
        `Writing a tensor of shape ${shapeText(this.shape)} needs ${this.size} elements; given ${data.length}.`,
      )
    if (data.length === 0) return
    const byteOffset = this.offset * bytesPerElement[this.dtype]
    if (data.byteLength % 4 === 0 && byteOffset % 4 === 0) {
      this.#writeBuffer(byteOffset, data as Float32Array<ArrayBuffer>)
      return
    }
    // Queue writes move whole 32-bit words. An odd number of halves is padded, which is safe at the end of the buffer
    // only.
    if (byteOffset % 4 !== 0 || byteOffset + data.byteLength + 2 < this.buffer.size)
      throw new OptionError(
        'Writing an f16 view needs an even element offset, and an even size unless it ends the buffer.',
      )
    const padded = new Uint16Array(data.length + 1)
    padded.set(new Uint16Array(data.buffer, data.byteOffset, data.length))
    this.#writeBuffer(byteOffset, padded)
  }

  #writeBuffer(byteOffset: number, data: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): void {
    const use = data.byteLength < this.buffer.size ? { updated: [this.buffer] } : { written: [this.buffer] }
    perform(this.device, () => {
      this.device.queue.writeBuffer(this.buffer, byteOffset, data)
      return use
    })
  }

  /**
   * Copies the tensor to the host, after all work enqueued so far. Rejects with DestroyedError, DeviceLostError, or
   * WebGPUError if the buffer cannot be read or if WebGPU refused work of this library on which its content depends.
   */
  async read(): Promise<TypedArrayOf<D>> {
    this.requireUsage('GpuTensor.read', 'COPY_SRC')
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
      copyBuffer(this.device, 'vqd/tensor/read', this.buffer, alignedStart, staging, bytes)
      await staging.mapAsync(GPUMapMode.READ).catch((cause) => {
        // The staging buffer is private, so only the loss of the device can abort its mapping.
        if (cause.name !== 'AbortError') throw cause
        throw new DeviceLostError('The GPU device was lost.', { cause })
      })
      const error = await answers.get(staging)
      if (error)
        throw new WebGPUError(
          `WebGPU refused work that the tensor of shape ${shapeText(this.shape)} depends on: ${error.message}`,
          { cause: error },
        )
      const copy = staging.getMappedRange().slice(0)
      return new ArrayType(copy, start - alignedStart, this.size) as TypedArrayOf<D>
    } finally {
      staging.destroy()
    }
  }

  /**
   * Copies the tensor into a new one. Throws DestroyedError, OptionError for an f16 view that is not aligned to 32 bits,
   * or WebGPUError if the buffer cannot be read.
   */
  clone(): GpuTensor<D> {
    this.requireUsage('GpuTensor.clone', 'COPY_SRC')
    const start = this.offset * bytesPerElement[this.dtype]
    if (start % 4 !== 0) throw new OptionError('Cloning an f16 view needs an even element offset.')
    const copy = GpuTensor.empty(this.device, this.shape, this.dtype, 'vqd/tensor/clone')
    const bytes = Math.ceil(this.byteLength / 4) * 4
    if (bytes === 0) return copy
    copyBuffer(this.device, 'vqd/tensor/clone', this.buffer, start, copy.buffer, bytes)
    return copy
  }

  /** Frees the buffer unless it is borrowed. Idempotent. */
  destroy(): void {
    if (!this.isDestroyed && this.owned) this.buffer.destroy()
    this.isDestroyed = true
  }

  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void {
    this.destroy()
  }

  /** Throws DestroyedError if the tensor was destroyed. */
  assertAlive(): void {
    if (this.isDestroyed) throw new DestroyedError(`The tensor of shape ${shapeText(this.shape)} was destroyed.`)
  }

  /**
   * Throws DestroyedError, or WebGPUError if the buffer is mapped or was not created for this usage. @internal
   *
   * @param name what needs the buffer
   */
  requireUsage(name: string, usage: 'STORAGE' | 'COPY_SRC' | 'COPY_DST'): void {
    this.assertAlive()
    // A buffer of its own has every usage, and cannot be mapped.
    if (this.owned) return
    const { buffer } = this
    if (buffer.mapState !== 'unmapped')
      throw new WebGPUError(
        `${name} needs a buffer that is not mapped; the mapState of ${bufferText(buffer)} is '${buffer.mapState}'. Call its unmap() first.`,
      )
    if ((buffer.usage & GPUBufferUsage[usage]) === 0)
      throw new WebGPUError(
        `${name} needs a buffer with the usage ${usage}; ${bufferText(buffer)} has ${usageText(buffer.usage)}.`,
      )
  }
}

/**
 * WebGPU's answer to the work that wrote a buffer: an error if the content is not the work's result. Buffers that this
 * library has not written have none.
 */
const answers = new WeakMap<GPUBuffer, Promise<GPUError | null>>()

/** The buffers of a piece of work. */
export interface BufferUse {
  /** Those that it depends on. */
  readonly read?: Iterable<GPUBuffer>
  /** Those whose whole content it replaces. */
  readonly written?: Iterable<GPUBuffer>
  /** Those of which it changes a part or adds to, so that the content depends on earlier work too. */
  readonly updated?: Iterable<GPUBuffer>
}

/**
 * Does work on the device. If WebGPU refuses it, or refused work on which it depends, reading a tensor that it wrote fails.
 *
 * @param work returns which buffers it used
 */
export function perform(device: GPUDevice, work: () => BufferUse): void {
  const [{ read = [], written = [], updated = [] }, answer] = inErrorScope(device, 'validation', work)
  const pending = [answer]
  for (const buffer of read) if (answers.has(buffer)) pending.push(answers.get(buffer)!)
  const outcome = pending.length > 1 ? firstError(pending) : answer
  for (const buffer of written) answers.set(buffer, outcome)
  for (const buffer of updated) answers.set(buffer, firstError([answers.get(buffer) ?? outcome, outcome]))
}

/**
 * Runs work inside an error scope, which is pushed and popped synchronously: scopes of work in between cannot mix. Returns
 * the result and WebGPU's answer, null also if the device is lost.
 */
export function inErrorScope<T>(
  device: GPUDevice,
  filter: GPUErrorFilter,
  work: () => T,
): [result: T, answer: Promise<GPUError | null>] {
  device.pushErrorScope(filter)
  let answer: Promise<GPUError | null>
  let result: T
  try {
    result = work()
  } finally {
    answer = device.popErrorScope().catch(() => null)
  }
  return [result, answer]
}

async function firstError(answers: readonly Promise<GPUError | null>[]): Promise<GPUError | null> {
  return (await Promise.all(answers)).find((error) => error !== null) ?? null
}

/** Copies bytes from one buffer to the beginning of another one. */
function copyBuffer(device: GPUDevice, label: string, from: GPUBuffer, start: number, to: GPUBuffer, bytes: number) {
  perform(device, () => {
    const encoder = device.createCommandEncoder({ label })
    encoder.copyBufferToBuffer(from, start, to, 0, bytes)
    device.queue.submit([encoder.finish()])
    return { read: [from], written: [to] }
  })
}

/** Size in bytes. Throws DtypeError, ShapeError, or LimitError if the device cannot bind a tensor of this size. */
export function requireBindable({ limits }: GPUDevice, shape: readonly number[], dtype: Dtype): number {
  requireDtype('A tensor', { dtype }, dtypes)
  const bytes = elementCount(shape) * bytesPerElement[dtype]
  const limit = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize)
  if (bytes > limit)
    throw new LimitError(
      `A tensor of shape ${shapeText(shape)} (${dtype}) needs ${bytes} bytes; this device allows ${limit}.`,
    )
  requireIndexable(shape, 0)
  return bytes
}

/** Throws LimitError if elements lie beyond those that the kernels count in 32 bits. */
function requireIndexable(shape: readonly number[], offset: number): void {
  const end = offset + elementCount(shape)
  // The invocations of a dispatch go beyond the last element, by less than 2³¹.
  if (end > 2 ** 31)
    throw new LimitError(
      `A tensor of shape ${shapeText(shape)} needs ${end} elements of a buffer; kernels count to ${2 ** 31}.`,
    )
}

/**
 * Returns a GpuTensor unchanged, and views a GPU tensor of onnxruntime-web as a GpuTensor.
 *
 * Throws DeviceMismatchError for a tensor of another device (a tensor of onnxruntime-web does not expose its device),
 * DestroyedError, LimitError and WebGPUError as `GpuTensor.borrow` does, and DtypeError or ShapeError for any other value.
 */
export function asGpuTensor(device: GPUDevice, name: string, value: GpuTensor | OnnxGpuTensor): GpuTensor {
  if (value instanceof GpuTensor) {
    if (value.device !== device)
      throw new DeviceMismatchError(
        `${name} lives on another GPUDevice (${deviceText(value.device)}) than the scheduler (${deviceText(device)}). ` +
          'Create both on one device.',
      )
    value.requireUsage(name, 'STORAGE')
    return value
  }
  const { buffer, shape, dtype } = viewOnnxTensor(name, value)
  return GpuTensor.borrow(device, buffer, shape, dtype)
}
