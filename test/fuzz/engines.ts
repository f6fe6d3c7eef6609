import { GpuTensor, VQDiffusionScheduler, type VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { watchBuffers } from './buffers'
import { contentOf, type HostData, halfBits, halfValue } from './contents'
import type { BufferFault, Ranges, TensorDescription } from './descriptions'

/** The part of the tensors of both engines that the calls use. */
export interface FuzzTensor {
  readonly shape: readonly number[]
  readonly dtype: string
  read(): Promise<ArrayLike<number>>
  destroy(): void
}

/** A scheduler, called by the names of its methods. */
export interface FuzzScheduler {
  readonly timesteps: readonly number[]
  readonly numCodes?: number
  readonly config?: { readonly class_range?: Ranges }
  destroy(): void
}

/** A tensor that was made for a call. */
export interface MadeTensor {
  /** What the call gets. */
  readonly given: unknown
  /** All of its memory at the beginning, what lies around it included. */
  readonly before: HostData
  destroy(): void
}

/** A buffer of the GPU. */
export interface FuzzBuffer {
  readonly label: string
  destroy(): void
}

/** An engine under test. */
export interface FuzzEngine {
  readonly name: string
  create(options: VQDiffusionSchedulerOptions): Promise<FuzzScheduler>
  /** Makes a tensor; `nudge` moves its numbers as rounding might. */
  make(description: TensorDescription, nudge: number): MadeTensor
  /** What the memory of tensors holds now. */
  contents(tensors: readonly MadeTensor[]): Promise<readonly HostData[]>
  isTensor(value: unknown): value is FuzzTensor
  /** What an option `encoder` is given, and how it is submitted; a twin has none. */
  encoder(): { readonly given: unknown; submit(): void }
  /** The buffers that exist. */
  buffers(): ReadonlySet<FuzzBuffer>
  /** WebGPU errors that nothing has reported since the last call. */
  strayErrors(): Promise<readonly string[]>
}

/** Elements before and after a tensor that is a part of a larger buffer. */
const margin = 3
const marginValue = 77

export class TwinEngine implements FuzzEngine {
  readonly name = 'twin'
  readonly #memory = new WeakMap<CpuTensor, HostData>()

  async create(options: VQDiffusionSchedulerOptions): Promise<FuzzScheduler> {
    return CpuScheduler.create(options)
  }

  make(description: TensorDescription, nudge: number): MadeTensor {
    const { all, data } = inMargins(contentOf(description, nudge), description.place)
    const given = new CpuTensor(data, [...description.shape])
    this.#memory.set(given, all)
    if (description.place === 'destroyed') given.destroy()
    return { given, before: all.slice() as HostData, destroy: () => given.destroy() }
  }

  async contents(tensors: readonly MadeTensor[]) {
    return tensors.map(({ given }) => this.#memory.get(given as CpuTensor)!.slice() as HostData)
  }

  isTensor(value: unknown): value is CpuTensor {
    return value instanceof CpuTensor
  }

  encoder() {
    return { given: undefined, submit: () => {} }
  }

  buffers() {
    return new Set<FuzzBuffer>()
  }

  async strayErrors() {
    return []
  }
}

export class GpuEngine implements FuzzEngine {
  readonly name = 'gpu'
  readonly #buffers: ReadonlySet<GPUBuffer>
  readonly #uncaptured: string[] = []
  readonly #memory = new WeakMap<MadeTensor, { readonly memory: GpuTensor; readonly half: boolean }>()
  /** Creates a buffer that is not counted. */
  readonly #createUncounted: GPUDevice['createBuffer']

  constructor(
    readonly device: GPUDevice,
    readonly otherDevice: GPUDevice,
  ) {
    this.#createUncounted = device.createBuffer.bind(device)
    this.#buffers = watchBuffers(device)
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault()
      this.#uncaptured.push(event.error.message)
    })
  }

  async create(options: VQDiffusionSchedulerOptions): Promise<FuzzScheduler> {
    return VQDiffusionScheduler.create(this.device, options)
  }

  make(description: TensorDescription, nudge: number): MadeTensor {
    const { shape, dtype, place } = description
    const content = contentOf(description, nudge)
    const { all } = inMargins(content, place)
    const bits = dtype === 'f16' ? Uint16Array.from(all, halfBits) : all
    if (place === 'other device' || place === 'no storage' || place === 'mapped')
      return this.#refused(place, description, all)
    const memory = GpuTensor.from(this.device, bits as Float32Array, [all.length], 'fuzz')
    const tensor = GpuTensor.borrow(this.device, memory.buffer, shape, dtype, place === 'part' ? margin : 0)
    if (place === 'destroyed') tensor.destroy()
    if (place === 'destroyed buffer') memory.buffer.destroy()
    const made = { given: place === 'onnx' ? asOnnx(tensor) : tensor, before: all, destroy: () => memory.destroy() }
    if (place !== 'destroyed buffer') this.#memory.set(made, { memory, half: dtype === 'f16' })
    return made
  }

  /** A tensor that cannot be used. */
  #refused(fault: BufferFault, { shape, dtype }: TensorDescription, before: HostData): MadeTensor {
    const device = fault === 'other device' ? this.otherDevice : this.device
    const buffer = device.createBuffer({
      label: 'fuzz',
      size: Math.max(4, before.length * 4),
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST | (fault === 'no storage' ? 0 : GPUBufferUsage.STORAGE),
      mappedAtCreation: fault === 'mapped',
    })
    const given =
      fault === 'other device' ? GpuTensor.borrow(device, buffer, shape, dtype) : asOnnx({ buffer, dtype, shape })
    return { given, before, destroy: () => buffer.destroy() }
  }

  /** Reads all in one go. */
  async contents(all: readonly MadeTensor[]) {
    // What cannot be read has not been changed.
    const tensors = all.filter((tensor) => this.#memory.has(tensor))
    const sizes = tensors.map(({ before }) => before.length * 4)
    const staging = this.#createUncounted({
      label: 'fuzz',
      size: sizes.reduce((a, b) => a + b, 4),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    })
    const encoder = this.device.createCommandEncoder({ label: 'fuzz' })
    const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0))
    for (const [i, tensor] of tensors.entries()) {
      const { buffer } = this.#memory.get(tensor)!.memory
      encoder.copyBufferToBuffer(buffer, 0, staging, starts[i]!, Math.min(sizes[i]!, buffer.size))
    }
    this.device.queue.submit([encoder.finish()])
    await staging.mapAsync(GPUMapMode.READ)
    const bytes = staging.getMappedRange().slice(0)
    staging.destroy()
    return all.map((tensor) => {
      const i = tensors.indexOf(tensor)
      if (i < 0) return tensor.before
      const { length } = tensor.before
      if (this.#memory.get(tensor)!.half)
        return Float32Array.from(new Uint16Array(bytes, starts[i]!, length), halfValue)
      const ArrayType = tensor.before.constructor as new (
        buffer: ArrayBuffer,
        start: number,
        length: number,
      ) => HostData
      return new ArrayType(bytes, starts[i]!, length)
    })
  }

  isTensor(value: unknown): value is GpuTensor {
    return value instanceof GpuTensor
  }

  encoder() {
    const encoder = this.device.createCommandEncoder({ label: 'fuzz' })
    return { given: encoder, submit: () => this.device.queue.submit([encoder.finish()]) }
  }

  buffers() {
    return new Set(this.#buffers)
  }

  async strayErrors() {
    await this.device.queue.onSubmittedWorkDone()
    return this.#uncaptured.splice(0)
  }
}

/** A tensor as onnxruntime-web gives it. */
function asOnnx({ buffer, dtype, shape }: Pick<GpuTensor, 'buffer' | 'dtype' | 'shape'>): unknown {
  const type = { f32: 'float32', f16: 'float16', u32: 'uint32', i32: 'int32' }[dtype]
  return { location: 'gpu-buffer', type, dims: shape, gpuBuffer: buffer }
}

function inMargins(content: HostData, place: TensorDescription['place']): { all: HostData; data: HostData } {
  if (place !== 'part') return { all: content, data: content }
  const ArrayType = content.constructor as new (length: number) => HostData
  const all = new ArrayType(content.length + 2 * margin).fill(marginValue) as HostData
  all.set(content, margin)
  return { all, data: all.subarray(margin, margin + content.length) as HostData }
}
