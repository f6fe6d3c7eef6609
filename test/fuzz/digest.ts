import { RandomGenerator } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { FuzzEngine } from './engines'

/** A returned value as plain data. Tensors in it are collected, so that they can be freed. */
export async function digestOf(engine: FuzzEngine, value: unknown, returned: { destroy(): void }[]): Promise<unknown> {
  if (engine.isTensor(value) || value instanceof CpuTensor) {
    returned.push(value)
    const { shape, dtype } = value
    return { shape, kind: dtype.startsWith('f') ? 'floats' : dtype, elements: Array.from(await value.read()) }
  }
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array)
  if (value instanceof RandomGenerator) return value.state
  if (value instanceof VQDiffusionScheduler) return value.toJSON()
  if (typeof ImageData !== 'undefined' && value instanceof ImageData)
    return { width: value.width, data: Array.from(value.data) }
  if (Array.isArray(value)) return Promise.all(value.map((each) => digestOf(engine, each, returned)))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([key, each]) => [key, await digestOf(engine, each, returned)])
  return Object.fromEntries(await Promise.all(entries))
}
