import { GpuTensor } from 'vq-diffusion-webgpu'
import { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { pcg4d } from '../../src/cpu/random'

/** Numbers from −scale/2 to scale/2, the same for the same seed. */
export function pseudoLogits(length: number, seed: number, scale = 8): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length)
  for (let start = 0; start < length; start += 4) {
    const words = pcg4d([start / 4, seed, 1, 2])
    for (let i = 0; i < 4 && start + i < length; i++) values[start + i] = (words[i]! / 2 ** 32 - 0.5) * scale
  }
  return values
}

/** Numbers from 0 to 1, the same for the same seed. */
export function pseudoUniforms(length: number, seed: number): Float32Array<ArrayBuffer> {
  return pseudoLogits(length, seed, 1).map((value) => value + 0.5)
}

/** Tokens 0 to numCodes − 1, and the mask with a given share; the same for the same seed. */
export function pseudoTokens(
  length: number,
  numCodes: number,
  maskShare: number,
  seed: number,
): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length }, (_, i) => {
    const [x, y] = pcg4d([i, seed, 3, 4])
    return x / 2 ** 32 < maskShare ? numCodes : y % numCodes
  })
}

/** The same tensor on the GPU and on the CPU. */
export interface Pair {
  readonly gpu: GpuTensor
  readonly twin: CpuTensor
}

type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

export function upload(device: GPUDevice, data: Data, shape: readonly number[]): GpuTensor {
  return GpuTensor.from(device, data as Float32Array, shape)
}

export function pair(device: GPUDevice, data: Data, shape: readonly number[]): Pair {
  return { gpu: upload(device, data, shape), twin: new CpuTensor(data, shape) }
}
