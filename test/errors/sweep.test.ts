import { describe, expect, it } from 'vitest'
import { GpuTensor, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { withErrorScopes } from '../support/error_scopes'
import { sweep } from './sweep'
import { validCalls } from './valid_calls'

const options = { num_vec_classes: 5, num_train_timesteps: 10 }
const device = await requestDevice()
const scheduler = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)

const onGpu = validCalls<GpuTensor>({
  scheduler,
  upload: (data, shape) => GpuTensor.from(device, data as Float32Array, shape),
})
const onCpu = validCalls<CpuTensor>({ scheduler: twin, upload: (data, shape) => new CpuTensor(data, shape) })

describe('with every wrong argument, both engines have the same outcome:', () => {
  it.each(onGpu.map((call, i) => ({ name: call.name, call, same: onCpu[i]! })))(
    '$name',
    async ({ name, call, same }) => {
      const outcomes = await withErrorScopes(device, () => sweep([call]))
      expect(outcomes[name]).toBe('done')
      expect(outcomes).toEqual(await sweep([same]))
    },
  )
})
