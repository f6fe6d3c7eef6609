import { describe, expect, it } from 'vitest'
import { DestroyedError, GpuTensor, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { withErrorScopes } from '../support/error_scopes'
import { destroyedCalls } from './destroyed_calls'
import { expectNamedError } from './named_error'
import { sweep } from './sweep'
import { type SmallEngine, validCalls } from './valid_calls'

const options = { num_vec_classes: 5, num_train_timesteps: 10 }
const device = await requestDevice()
const scheduler = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)

const upload: SmallEngine<GpuTensor>['upload'] = (data, shape) => GpuTensor.from(device, data as Float32Array, shape)
const onGpu = validCalls<GpuTensor>({ scheduler, upload })
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

describe('after destroy() the GPU scheduler refuses every call that needs it, before anything is enqueued:', async () => {
  const doomed = await VQDiffusionScheduler.create(device, options)

  it.each(destroyedCalls<GpuTensor>({ scheduler: doomed, upload }))('$name', async ({ call, works }) => {
    await withErrorScopes(device, async () => {
      if (works) await call()
      else await expectNamedError(call, DestroyedError, /The scheduler was destroyed/)
    })
  })
})
