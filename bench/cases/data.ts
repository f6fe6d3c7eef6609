import { GpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { rowsShape } from '../../src/checks'
import { specialise } from '../../src/gpu/shader'
import { UnableError } from '../peers/refusal'
import type { Clock } from './clock'
import { compileKernel, workgroupsFor } from './kernel'
import type { Case } from './plan'
import fillShader from './shaders/fill.wgsl'

/** The demo's settings. */
const guidanceScale = 2.5
const truncationRate = 0.86

interface Resource {
  destroy(): unknown
}

/** A case with its tensors on the device, and the options of `step` that follow from it. */
export interface CaseData extends Case {
  readonly device: GPUDevice
  readonly clock: Clock
  readonly scheduler: VQDiffusionScheduler
  /** Raw logits, [B, K, N] or [B, N, K]. */
  readonly conditional: GpuTensor
  readonly unconditional: GpuTensor | undefined
  readonly guidanceScale: number
  /** 1 where nothing is truncated. */
  readonly truncationRate: number
  /** One per item, so that an item can be checked alone. */
  readonly seeds: readonly number[]
  /** Uniforms of a dense draw that does not end in clean data, f32 [B, C, N] or [B, N, C]. */
  readonly noise: () => Promise<GpuTensor>
  /** Has a resource destroyed when the case is done. */
  readonly own: <Owned extends Resource>(resource: Owned) => Owned
}

/** Options of `step`, of either engine, that follow from a case; `unconditional` is a tensor of that engine. */
export function stepOptions<Tensor>(
  { layout, ...data }: Pick<CaseData, 'layout' | 'guidanceScale' | 'truncationRate'>,
  unconditional: Tensor | undefined,
) {
  return {
    layout,
    ...(unconditional !== undefined && { guidance: { scale: data.guidanceScale, unconditional } }),
    ...(data.truncationRate < 1 && { truncationRate: data.truncationRate }),
  }
}

/** Does some work with a case, then destroys what the case has and owns. Rejects with UnableError if it is too large. */
export async function withCase<T>(
  device: GPUDevice,
  clock: Clock,
  one: Case,
  work: (data: CaseData) => Promise<T>,
): Promise<T> {
  const { B, C, N, layout, dtype, mode } = one
  const resources: Resource[] = []
  const own = <Owned extends Resource>(resource: Owned) => {
    resources.push(resource)
    return resource
  }
  const tensor = async (kind: FillKind, rows: number, seed: number) => {
    const buffer = own(await allocate(device, `bench/${kind}`, B * rows * N * (kind === 'f16' ? 2 : 4)))
    await fill(device, buffer, kind, seed)
    return GpuTensor.borrow(device, buffer, rowsShape(layout, B, rows, N), kind === 'f16' ? 'f16' : 'f32')
  }
  const isGuided = mode !== 'plain'
  let noise: Promise<GpuTensor> | undefined
  try {
    return await work({
      ...one,
      device,
      clock,
      scheduler: own(await VQDiffusionScheduler.create(device, { num_vec_classes: C })),
      conditional: await tensor(dtype, C - 1, 1),
      unconditional: isGuided ? await tensor(dtype, C - 1, 2) : undefined,
      guidanceScale: isGuided ? guidanceScale : 1,
      truncationRate: mode === 'guided + truncated' ? truncationRate : 1,
      seeds: Array.from({ length: B }, (_, item) => 1000 + item),
      noise: () => {
        noise ??= tensor('uniforms', C, 3)
        return noise
      },
      own,
    })
  } finally {
    for (const resource of resources) await resource.destroy()
  }
}

const fillKinds = { f32: 0, f16: 1, uniforms: 2 } as const
type FillKind = keyof typeof fillKinds

async function fill(device: GPUDevice, buffer: GPUBuffer, kind: FillKind, seed: number): Promise<void> {
  const constants = { KIND: fillKinds[kind], SEED: seed }
  const kernel = await compileKernel(device, 'bench/fill', specialise(fillShader), [buffer], constants)
  const encoder = device.createCommandEncoder({ label: 'bench/fill' })
  kernel(encoder, workgroupsFor(buffer.size / 16, 64))
  device.queue.submit([encoder.finish()])
}

/** A buffer for kernels and copies, in whole vectors of 16 bytes. Rejects with UnableError if the device cannot have it. */
export async function allocate(device: GPUDevice, label: string, bytes: number): Promise<GPUBuffer> {
  const size = Math.ceil(bytes / 16) * 16
  const limit = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize)
  if (size > limit) throw new UnableError(`a tensor of ${size} bytes; this device allows ${limit}`)
  device.pushErrorScope('out-of-memory')
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
  const buffer = device.createBuffer({ label, size, usage })
  if (await device.popErrorScope()) throw new UnableError(`no memory for a tensor of ${size} bytes`)
  return buffer
}

/** The numbers of the last items of a tensor on the host, f16 widened. */
export async function readLast(tensor: GpuTensor, items: number): Promise<Float32Array<ArrayBuffer>> {
  const [length = 0] = tensor.shape
  const values = await tensor.slice(length - items, length).read()
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
