import { GpuTensor, VQDiffusionScheduler, type VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { contentOf, type HostData, halfBits, halfValue } from './contents'
import type { TensorDescription } from './descriptions'

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
  destroy(): void
}

/** A tensor that was made for a call. */
export interface MadeTensor {
  /** What the call gets. */
  readonly given: unknown
  /** All of its memory, what lies around it included. */
  memory(): Promise<ArrayLike<number>>
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

  async create(options: VQDiffusionSchedulerOptions): Promise<FuzzScheduler> {
    return CpuScheduler.create(options)
  }

  make(description: TensorDescription, nudge: number): MadeTensor {
    const { all, data } = inMargins(contentOf(description, nudge), description.place)
    const given = new CpuTensor(data, [...description.shape])
    return { given, memory: async () => all.slice(), destroy: () => given.destroy() }
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
  readonly #buffers = new Set<GPUBuffer>()
  readonly #uncaptured: string[] = []

  constructor(readonly device: GPUDevice) {
    const buffers = this.#buffers
    const create = device.createBuffer.bind(device)
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor)
      buffers.add(buffer)
      const destroy = buffer.destroy.bind(buffer)
      buffer.destroy = () => {
        buffers.delete(buffer)
        destroy()
      }
      return buffer
    }
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
    const memory = GpuTensor.from(this.device, bits as Float32Array, [all.length], 'fuzz')
    const offset = place === 'part' ? margin : 0
    const tensor =
      place === 'own' || place === undefined
        ? GpuTensor.from(this.device, bits as Float32Array, shape, 'fuzz')
        : GpuTensor.borrow(this.device, memory.buffer, shape, dtype, offset)
    if (!place || place === 'own') memory.destroy()
    const owner = place && place !== 'own' ? memory : tensor
    const given = place === 'onnx' ? asOnnx(tensor) : tensor
    const read = async () => {
      const elements = await owner.read()
      return dtype === 'f16' ? Float32Array.from(elements, halfValue) : elements
    }
    return { given, memory: read, destroy: () => owner.destroy() }
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
function asOnnx({ buffer, dtype, shape }: GpuTensor): unknown {
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
