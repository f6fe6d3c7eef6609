import { GpuTensor, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { gpuTest } from '../support/gpu'
import { softwareDevice } from '../support/launch_shapes'
import { checks, type ExtremesEngine } from './extremes'

const engineOf = (device: GPUDevice): ExtremesEngine<GpuTensor> => ({
  create: (config) => VQDiffusionScheduler.create(device, config),
  upload: (data, shape) => GpuTensor.from(device, data as Float32Array, shape),
})

const device = await requestDevice()
for (const [name, check] of Object.entries(checks)) gpuTest(device, `the engine ${name}`, () => check(engineOf(device)))

// A lane that has a column to itself decides alone.
const software = await softwareDevice()
const name = 'draws from extreme logits'
gpuTest(software, `the engine ${name}, with the shapes for software adapters`, () => checks[name](engineOf(software)))
