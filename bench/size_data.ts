import { GpuTensor, type Layout } from 'vq-diffusion-webgpu'
import { halvesToFloats } from './half'
import { Kernel } from './kernel'
import type { LogitsDtype } from './peer'
import fill from './shaders/fill.wgsl?raw'
import { numCodes, type Size, sizeText } from './sizes'

const kinds = { f32: 0, f16: 1, uniforms: 2 } as const

/**
 * The large tensors of one size, filled on the device and shared by all its cases: numbers without a pattern are
 * logits in either layout.
 */
export class SizeData {
  readonly #buffers = new Map<string, GPUBuffer>()
  readonly #kernels = new Map<string, Kernel>()

  constructor(
    readonly device: GPUDevice,
    readonly size: Size,
  ) {}

  /** Raw logits of one half, [B, K, N] or [B, N, K]. */
  async logits(half: 'conditional' | 'unconditional', dtype: LogitsDtype, layout: Layout): Promise<GpuTensor> {
    const shape = this.shape(layout, numCodes(this.size))
    const bytes = shape.reduce((a, b) => a * b) * (dtype === 'f32' ? 4 : 2)
    const seed = half === 'conditional' ? 1 : 2
    return GpuTensor.borrow(this.device, await this.buffer(`${half} ${dtype}`, dtype, bytes, seed), shape, dtype)
  }

  /** Uniforms of a reference-identical draw that does not end in clean data, [B, C, N] or [B, N, C]. */
  async noise(layout: Layout): Promise<GpuTensor> {
    const shape = this.shape(layout, this.size.numVecClasses)
    const bytes = shape.reduce((a, b) => a * b) * 4
    return GpuTensor.borrow(this.device, await this.buffer('noise', 'uniforms', bytes, 3), shape, 'f32')
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy()
    this.#buffers.clear()
  }

  private shape(layout: Layout, rows: number): [number, number, number] {
    const { batchSize, numLatentPixels } = this.size
    return layout === 'class-major' ? [batchSize, rows, numLatentPixels] : [batchSize, numLatentPixels, rows]
  }

  private async buffer(name: string, kind: keyof typeof kinds, bytes: number, seed: number): Promise<GPUBuffer> {
    const made = this.#buffers.get(name)
    if (made) return made
    const { device } = this
    const label = `bench/${name}/${sizeText(this.size)}`
    // Whole groups of four words, which is also what reads them fastest.
    const buffer = await allocate(device, label, Math.ceil(bytes / 16) * 16)
    const kernel = this.#kernels.get(kind) ?? (await this.compile(kind))
    this.#kernels.set(kind, kernel)
    const parameters = device.createBuffer({
      label: 'bench/fill/parameters',
      size: 8,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    })
    const groups = buffer.size / 16
    device.queue.writeBuffer(parameters, 0, Uint32Array.of(seed, groups))
    const encoder = device.createCommandEncoder({ label: 'bench/fill' })
    const pass = encoder.beginComputePass({ label: 'bench/fill' })
    kernel.dispatch(pass, kernel.bind(parameters, buffer), Math.min(65535, Math.ceil(groups / 64)))
    pass.end()
    device.queue.submit([encoder.finish()])
    await device.queue.onSubmittedWorkDone()
    parameters.destroy()
    this.#buffers.set(name, buffer)
    return buffer
  }

  private compile(kind: keyof typeof kinds): Promise<Kernel> {
    return Kernel.compile(this.device, `bench/fill/${kind}`, fill, { KIND: kinds[kind] }, ['uniform', 'storage'])
  }
}

/** A buffer for copies and kernels. Throws SizeError, with the reason, if the device cannot have it. */
export async function allocate(device: GPUDevice, label: string, size: number): Promise<GPUBuffer> {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits
  const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize)
  if (size > limit) throw new SizeError(`${megabytes(size)} in a tensor; this device allows ${megabytes(limit)}`)
  device.pushErrorScope('out-of-memory')
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
  const buffer = device.createBuffer({ label, size, usage })
  if (await device.popErrorScope()) throw new SizeError(`no memory for a tensor of ${megabytes(size)}`)
  return buffer
}

export class SizeError extends Error {
  override readonly name = 'SizeError'
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}

/** A tensor's numbers on the host, f16 widened. */
export async function readFloats(tensor: GpuTensor): Promise<Float32Array<ArrayBuffer>> {
  const values = await tensor.read()
  return values instanceof Uint16Array ? halvesToFloats(values) : (values as Float32Array<ArrayBuffer>)
}
