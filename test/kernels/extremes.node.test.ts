import { it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { checks } from './extremes'

for (const [name, check] of Object.entries(checks))
  it(`the twin ${name}`, () =>
    check<CpuTensor>({
      create: (config) => VQDiffusionScheduler.create(config),
      upload: (data, shape) => new CpuTensor(data, shape),
    }))
