import { describe, expect, it } from 'vitest'
import { invalidOperatorCalls } from '../../test/errors/operator_calls'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import { ShapeError, TokenRangeError } from '../errors'
import { RandomGenerator } from '../random'

const [K, N] = [4, 3]
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, num_train_timesteps: 10 })
const floats = (shape: readonly number[], value = -Math.log(K)) =>
  new CpuTensor(new Float64Array(shape.reduce((a, b) => a * b)).fill(value), shape)
const tokens = (values: readonly number[], shape = [1, values.length]) => new CpuTensor(Uint32Array.from(values), shape)

describe('the terms of the variational bound', () => {
  it('are what each item has at its own timestep', () => {
    const logPX0 = new CpuTensor(
      Float64Array.from({ length: 2 * K * N }, (_, i) => -1 - (i % 5)),
      [2, K, N],
    )
    const [x0, xT] = [tokens([0, 1, 2, 3, 0, 1], [2, N]), tokens([4, 1, 3, 4, 2, 4], [2, N])]
    const both = scheduler.vbTerms(logPX0, x0, xT, [7, 0])
    for (const [item, t] of [7, 0].entries()) {
      const alone = scheduler.vbTerms(logPX0, x0, xT, t)
      for (const name of ['kl', 'decoderNll'] as const)
        expect(both[name].data.slice(item * N, item * N + N)).toEqual(alone[name].data.slice(item * N, item * N + N))
    }
  })

  it('cost 70 where the model excludes x₀, and are NaN where its column is worthless', () => {
    const logPX0 = floats([1, N, K])
    logPX0.data.set([-Infinity, 0, -Infinity, -Infinity], 0)
    logPX0.data[K + 2] = NaN
    const { kl, decoderNll } = scheduler.vbTerms(logPX0, tokens([0, 0, 0]), tokens([4, 4, 4]), 0, {
      layout: 'pixel-major',
    })
    expect([...decoderNll.data]).toEqual([70, NaN, expect.closeTo(Math.log(K), 12)])
    expect([...kl.data]).toEqual([expect.closeTo(70, 12), NaN, expect.closeTo(Math.log(K), 12)])
  })

  it('are none where the model is certain of x₀', () => {
    const [x0, xT] = [tokens([2, 2, 2]), tokens([4, 2, 1])]
    const { kl } = scheduler.vbTerms(scheduler.indexToLogOnehot(x0, K), x0, xT, 5)
    expect([...kl.data]).toEqual([0, 0, 0])
  })
})

describe('addNoise', () => {
  const x0 = tokens([0, 1, 2, 3, 0, 1], [2, N])

  it('of a batch with a seed and a timestep each equals each item alone, and advances the generator once', () => {
    const generator = new RandomGenerator([8, 9])
    const both = scheduler.addNoise(x0, [9, 2], { generator })
    expect(generator.state.counter).toBe(1)
    for (const [item, t] of [9, 2].entries()) {
      const alone = tokens([...x0.data.slice(item * N, item * N + N)])
      const { data } = scheduler.addNoise(alone, t, { generator: new RandomGenerator(8 + item) })
      expect(both.data.slice(item * N, item * N + N)).toEqual(data)
    }
  })

  it('leaves the mask a mask, where the draw would replace a class', async () => {
    const replacing = await VQDiffusionScheduler.create({
      num_vec_classes: K + 1,
      num_train_timesteps: 10,
      alpha_cum_start: 0.1,
      gamma_cum_end: 0.1,
    })
    const call = (token: number) =>
      replacing.addNoise(tokens(Array(50).fill(token)), 9, { generator: new RandomGenerator(1) }).data
    expect(call(0).some((token) => token !== 0 && token !== K)).toBe(true)
    expect(new Set(call(K))).toEqual(new Set([K]))
  })
})

it('counts tokens that are no class, and masks where none can be', async () => {
  const generator = new RandomGenerator(1)
  const calls: [() => unknown, number][] = [
    [() => scheduler.addNoise(tokens([0, K, K + 1]), 5, { generator }), 1],
    [() => scheduler.addNoise(tokens([0, K, K + 1]), 5, { noise: floats([1, K + 1, N], 0.5) }), 2],
    [() => scheduler.indexToLogOnehot(tokens([0, K, K + 1]), K), 2],
    [() => scheduler.lookupCodebook(floats([K, 2]), new CpuTensor(Int32Array.of(0, K, -1), [1, N])), 2],
  ]
  for (const [call, impossibleTokens] of calls) {
    call()
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens })
  }
})

it('strikes out, clamps and passes on worthless columns of raw logits', () => {
  const logits = new CpuTensor(Float64Array.of(2, 1, 0, -1, NaN, 1, 1, 1, ...Array(K).fill(-Infinity)), [1, N, K])
  const read = (options: object) => [...scheduler.logPX0(logits, { layout: 'pixel-major', ...options }).data]
  const none = Array(K).fill(-Infinity)
  const worthless = Array(K).fill(NaN)
  const total = Math.log(Math.exp(2) + Math.exp(1) + 1 + Math.exp(-1))
  const normalised = [2, 1, 0, -1].map((logit) => expect.closeTo(logit - total, 12))
  expect(read({})).toEqual([...normalised, ...worthless, ...none])
  const kept = [...normalised.slice(0, 2), -Infinity, -Infinity]
  expect(read({ truncationRate: 0.7 })).toEqual([...kept, ...worthless, ...none])
  const raw = { normalise: false, truncationRate: 0.7 }
  expect(read(raw)).toEqual([2, 1, -Infinity, -Infinity, ...worthless, ...none])
  expect(read({ ...raw, minimum: 1.5 })).toEqual([2, 1.5, 1.5, 1.5, ...worthless, ...Array(K).fill(1.5)])
})

describe('a bad call throws its named error', () => {
  const calls = invalidOperatorCalls(scheduler, (data, shape) => new CpuTensor(data, shape))
  it.each(calls)('$name', ({ error, message, call }) => {
    expect(call).toThrow(error)
    expect(call).toThrow(message)
  })

  const sample = tokens([0, 1, K])
  it('x₀ with masks', () => {
    const call = () => scheduler.vbTerms(floats([1, K, N]), sample, sample, 1)
    expect(call).toThrow(TokenRangeError)
    expect(call).toThrow(/position 2/)
  })

  it('x₀ of another shape', () => {
    expect(() => scheduler.vbTerms(floats([1, K, N]), tokens([0]), sample, 1)).toThrow(ShapeError)
  })
})
