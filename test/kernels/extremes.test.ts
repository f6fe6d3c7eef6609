import { GpuTensor, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { gpuTest } from '../support/gpu'
import { softwareDevice } from '../support/launch_shapes'
import { checks } from './extremes'

const devices = { GPUs: await requestDevice(), 'software adapters': await softwareDevice() }

for (const [shapes, device] of Object.entries(devices))
  for (const [name, check] of Object.entries(checks))
    gpuTest(device, `the engine ${name}, shapes for ${shapes}`, () =>
      check<GpuTensor>({
        create: (config) => VQDiffusionScheduler.create(device, config),
        upload: (data, shape) => GpuTensor.from(device, data as Float32Array, shape),
      }),
    )
