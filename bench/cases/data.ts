import { GpuTensor, type Layout, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { specialise } from '../../src/gpu/shader'
import { requireBindable, UnableError } from '../peers/refusal'
import type { Clock } from './clock'
import { compileKernel, workgroupsFor } from './kernel'
import { type Case, type Size, sizeText } from './plan'
import fillShader from './shaders/fill.wgsl'

/** The demo's settings. */
const guidanceScale = 2.5
const truncationRate = 0.86

/** A case with its tensors on the device, and the options of `step` that follow from it. */
export interface CaseData extends Case {
  readonly device: GPUDevice
  readonly clock: Clock
  readonly scheduler: VQDiffusionScheduler
  /** Raw logits, [B, K, N] or [B, N, K]. */
  readonly conditional: GpuTensor
  readonly unconditional: GpuTensor | undefined
  readonly guidanceScale: number
  readonly truncationRate: number
  /** One per item, so that an item can be checked alone. */
  readonly seeds: readonly number[]
  /** Uniforms of a dense draw that does not end in clean data, f32 [B, C, N] or [B, N, C]. */
  readonly noise: () => Promise<GpuTensor>
  /** Has a resource destroyed when the case is done. */
  readonly own: <Resource extends { destroy(): void }>(resource: Resource) => Resource
  readonly destroy: () => void
}

/** Options of `step`, of either engine, that follow from a case; `unconditional` is a tensor of that engine. */
export function stepOptions<Tensor>({ layout, ...data }: CaseData, unconditional: Tensor | undefined) {
  return {
    layout,
    ...(unconditional !== undefined && { guidance: { scale: data.guidanceScale, unconditional } }),
    ...(data.truncationRate < 1 && { truncationRate: data.truncationRate }),
  }
}

const fillKinds = { f32: 0, f16: 1, uniforms: 2 } as const
type FillKind = keyof typeof fillKinds

/** A scheduler and the large tensors of one size, filled on the device. Their numbers serve in either layout. */
export class SizeData {
  readonly #buffers = new Map<string, GPUBuffer>()

  private constructor(
    private readonly device: GPUDevice,
    readonly size: Size,
    readonly scheduler: VQDiffusionScheduler,
  ) {}

  static async create(device: GPUDevice, size: Size): Promise<SizeData> {
    return new SizeData(device, size, await VQDiffusionScheduler.create(device, { num_vec_classes: size.C }))
  }

  /** The caller destroys what it gets first. Rejects with UnableError. */
  async load(one: Case, clock: Clock): Promise<CaseData> {
    const { layout, dtype, mode } = one
    const guided = mode !== 'plain'
    const logits = (half: string, seed: number) => this.#tensor(`${half} ${dtype}`, layout, one.C - 1, dtype, seed)
    const owned: { destroy(): void }[] = []
    return {
      ...one,
      device: this.device,
      clock,
      scheduler: this.scheduler,
      conditional: await logits('conditional', 1),
      unconditional: guided ? await logits('unconditional', 2) : undefined,
      guidanceScale: guided ? guidanceScale : 1,
      truncationRate: mode === 'guided + truncated' ? truncationRate : 1,
      seeds: Array.from({ length: one.B }, (_, item) => 1000 + item),
      noise: () => this.#tensor('noise', layout, one.C, 'uniforms', 3),
      own: (resource) => {
        owned.push(resource)
        return resource
      },
      destroy: () => {
        for (const resource of owned) resource.destroy()
      },
    }
  }

  destroy(): void {
    for (const resource of [...this.#buffers.values(), this.scheduler]) resource.destroy()
  }

  async #tensor(name: string, layout: Layout, rows: number, kind: FillKind, seed: number): Promise<GpuTensor> {
    const { B, N } = this.size
    const shape = layout === 'class-major' ? [B, rows, N] : [B, N, rows]
    const buffer =
      this.#buffers.get(name) ?? (await this.#fill(name, kind, B * rows * N * (kind === 'f16' ? 2 : 4), seed))
    return GpuTensor.borrow(this.device, buffer, shape, kind === 'f16' ? 'f16' : 'f32')
  }

  async #fill(name: string, kind: FillKind, bytes: number, seed: number): Promise<GPUBuffer> {
    const { device } = this
    const buffer = await allocate(device, `bench/${name}/${sizeText(this.size)}`, bytes)
    this.#buffers.set(name, buffer)
    const constants = { KIND: fillKinds[kind], SEED: seed }
    const kernel = await compileKernel(device, 'bench/fill', specialise(fillShader), [buffer], constants)
    const encoder = device.createCommandEncoder({ label: 'bench/fill' })
    kernel(encoder, workgroupsFor(buffer.size / 16, 64))
    device.queue.submit([encoder.finish()])
    return buffer
  }
}

/** A buffer for kernels and copies, in whole vectors of 16 bytes. Rejects with UnableError if the device cannot have it. */
export async function allocate(device: GPUDevice, label: string, bytes: number): Promise<GPUBuffer> {
  const size = Math.ceil(bytes / 16) * 16
  requireBindable(device, size)
  device.pushErrorScope('out-of-memory')
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
  const buffer = device.createBuffer({ label, size, usage })
  if (await device.popErrorScope()) throw new UnableError(`no memory for a tensor of ${size} bytes`)
  return buffer
}

/** A tensor's numbers on the host, f16 widened. */
export async function readFloats(tensor: GpuTensor): Promise<Float32Array<ArrayBuffer>> {
  const values = await tensor.read()
  return values instanceof Uint16Array ? halvesToFloats(values) : (values as Float32Array<ArrayBuffer>)
}

const word = new Uint32Array(1)
const wordAsFloat = new Float32Array(word.buffer)

/** Finite IEEE half-precision bits as numbers. Node 20 has no Float16Array. */
export function halvesToFloats(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, (half) => {
    // The exponent lands 112 too low; the multiplication corrects it and normalises subnormals.
    word[0] = (half & 0x7fff) << 13
    return wordAsFloat[0]! * (half & 0x8000 ? -(2 ** 112) : 2 ** 112)
  })
}
