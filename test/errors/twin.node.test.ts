import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { DestroyedError, RandomGenerator, type VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { destroyedCalls } from './destroyed_calls'
import { expectNamedError } from './named_error'
import { outcomesOfUnknownNames, sweep } from './sweep'
import { validCalls } from './valid_calls'
import { rangedConfig, wrongCallConfig, wrongCalls } from './wrong_calls'

type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>
const upload = (data: Data, shape: readonly number[]): CpuTensor => new CpuTensor(data, shape)

/** The twin refuses what the GPU scheduler refuses, by the same errors. */
describe('a wrong call of the twin throws its named error and changes nothing:', async () => {
  const scheduler = await VQDiffusionScheduler.create(wrongCallConfig)
  scheduler.setTimesteps(5)
  const ranged = await VQDiffusionScheduler.create(rangedConfig)
  const generator = new RandomGenerator(1)
  const create = (options: VQDiffusionSchedulerOptions) => VQDiffusionScheduler.create(options)
  const fromConfig = (json: unknown) => VQDiffusionScheduler.fromConfig(json)
  const view = ({ data }: CpuTensor, shape: readonly number[]) => new CpuTensor(data, shape)
  const calls = wrongCalls<CpuTensor>({ scheduler, ranged, upload, view, create, fromConfig, generator })

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
    const outcomes = await sweep([call])
    expect(outcomes[call.name]).toBe('done')
    for (const outcome of outcomesOfUnknownNames(outcomes)) expect(outcome).toBe('OptionError')
  })
})

describe('after destroy() the twin refuses every call that needs it:', async () => {
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 5, num_train_timesteps: 10 })

  it.each(destroyedCalls<CpuTensor>({ scheduler, upload }))('$name', async ({ call, works }) => {
    if (works) await call()
    else await expectNamedError(call, DestroyedError, /The scheduler was destroyed/)
  })

  it('but its configuration and its tables stay', () => {
    expect(scheduler.config.num_vec_classes).toBe(5)
    expect(scheduler.toJSON()).toHaveProperty('num_vec_classes', 5)
    expect(scheduler.logAt).toHaveLength(10)
  })
})

describe('arrays of another realm', () => {
  const inRealm = (code: string) => runInNewContext(code)

  it.each(['Float64Array', 'Float32Array', 'Uint32Array', 'Int32Array'])('%s', (name) => {
    const data = inRealm(`${name}.of(1, 2, 3, 4)`)
    expect(data).not.toBeInstanceOf((globalThis as never)[name])
    const tensor = new CpuTensor(data, inRealm('[2, 2]'))
    expect(tensor.data).toBe(data)
    expect(tensor.dtype).toBe(
      new CpuTensor(new (globalThis as never as Record<string, new () => Float32Array>)[name]!(), [0]).dtype,
    )
  })

  it('make a step', async () => {
    const scheduler = await VQDiffusionScheduler.create(inRealm('({ num_vec_classes: 4 })'))
    scheduler.setTimesteps(inRealm('[9, 3]'))
    const logits = new CpuTensor(inRealm('new Float32Array(6)'), inRealm('[1, 3, 2]'))
    const sample = scheduler.uploadTokens(inRealm('Uint8Array.of(0, 3)'), inRealm('[1, 2]'))
    const options = Object.assign(inRealm('({})'), { generator: new RandomGenerator(inRealm('[1]')) })
    expect(scheduler.step(logits, inRealm('[9]'), sample, options).prevSample.size).toBe(2)
  })
})

it('a tensor keeps its shape if the list that gave it changes', () => {
  const shape = [2, 3]
  const tensor = new CpuTensor(new Float32Array(6), shape)
  shape[0] = 7
  expect(tensor.shape).toEqual([2, 3])
})

it('a tensor whose array was transferred is refused, as one in a destroyed buffer', async () => {
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 5, num_train_timesteps: 10 })
  const sample = scheduler.uploadTokens([0, 1, 4], [1, 3])
  const logits = new CpuTensor(new Float32Array(12), [1, 4, 3])
  structuredClone(logits.data.buffer, { transfer: [logits.data.buffer] })
  const message = /array of the tensor of shape \[1, 4, 3\] was transferred or resized; it has 0 elements/
  const generator = new RandomGenerator(1)
  await expectNamedError(() => scheduler.step(logits, 5, sample, { generator }), DestroyedError, message)
  await expectNamedError(() => scheduler.logPX0(logits), DestroyedError, message)
  await expectNamedError(() => logits.read(), DestroyedError, message)
  expect(generator.state.counter).toBe(0)
})

it('a tensor of another copy of the package is named as such', async () => {
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 5 })
  const copy = { data: new Uint32Array(3), dtype: 'u32', shape: [1, 3] } as never
  expect(() => scheduler.assertTokens('sample', copy)).toThrow(
    'sample needs to be a CpuTensor; given a CpuTensor of shape [1, 3]. Another copy of vq-diffusion-webgpu made it: load the package once.',
  )
})
