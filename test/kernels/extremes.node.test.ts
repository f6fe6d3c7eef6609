import { it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { checks, config } from './extremes'

for (const [name, check] of Object.entries(checks))
  it(`the twin ${name}`, async () => {
    const scheduler = await VQDiffusionScheduler.create(config)
    await check<CpuTensor>({ scheduler, upload: (data, shape) => new CpuTensor(data, shape) })
  })
