import { expect } from 'vitest'
import { GpuTensor, requestDevice } from 'vq-diffusion-webgpu'
import { gpuTest } from '../support/gpu'
import { lookUp } from './look_up'

const device = await requestDevice()

gpuTest(device, 'the example of docs/SHADERS.md runs a kernel in a pipeline of its own', async () => {
  const tokens = GpuTensor.from(device, Uint32Array.of(2, 0, 1, 2), [2, 2])
  const vectors = GpuTensor.from(device, Float32Array.of(0.5, 1, 2, 3, 4, 5), [3, 2])
  expect([...(await lookUp(device, tokens, vectors).read())]).toEqual([4, 0.5, 5, 1, 2, 4, 3, 5])
})
