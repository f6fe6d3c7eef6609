import { describe, expect, it } from 'vitest'
import { RandomGenerator, type VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { expectNamedError } from './named_error'
import { sweep } from './sweep'
import { validCalls } from './valid_calls'
import { wrongCallConfig, wrongCalls } from './wrong_calls'

type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>
const upload = (data: Data, shape: readonly number[]): CpuTensor => new CpuTensor(data, shape)

/** The twin refuses what the GPU scheduler refuses, by the same errors. */
describe('a wrong call of the twin throws its named error and changes nothing:', async () => {
  const scheduler = await VQDiffusionScheduler.create(wrongCallConfig)
  scheduler.setTimesteps(5)
  const generator = new RandomGenerator(1)
  const create = (options: VQDiffusionSchedulerOptions) => VQDiffusionScheduler.create(options)
  const fromConfig = (json: unknown) => VQDiffusionScheduler.fromConfig(json)
  const calls = wrongCalls<CpuTensor>({ scheduler, upload, create, fromConfig, generator })

  it.each(calls)('$name', async ({ error, message, call }) => {
    await expectNamedError(call, error, message)
    expect(generator.state.counter).toBe(0)
    expect(scheduler.timesteps).toEqual([9, 7, 5, 3, 1])
    const [logits, sample] = [upload(new Float32Array(48), [1, 8, 6]), upload(new Uint32Array(6), [1, 6])]
    expect(scheduler.step(logits, 5, sample, { generator: new RandomGenerator(3) }).prevSample.size).toBe(6)
  })
})

describe('no wrong argument of the twin gives an error that is not the library’s:', async () => {
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 5, num_train_timesteps: 10 })

  it.each(validCalls<CpuTensor>({ scheduler, upload }))('$name', async (call) => {
    expect((await sweep([call]))[call.name]).toBe('done')
  })
})
