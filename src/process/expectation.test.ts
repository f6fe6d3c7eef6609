import { describe, expect, it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import { OptionError } from '../errors'
import type { Denoiser } from '../pipeline/options'
import { VQDiffusionPipeline } from '../pipeline/pipeline'
import type { ExpectationOptions } from '../schedulers/base'

const ways: [string, ExpectationOptions][] = [
  ['from noise', { numInferenceSteps: 5 }],
  ['on the list of diffusers, from masks', { numInferenceSteps: 5, spacing: 'leading' }],
  ['from an image', { numInferenceSteps: 5, strength: 0.6 }],
  ['from an image, on the list of diffusers', { numInferenceSteps: 10, spacing: 'leading', strength: 0.4 }],
]

describe('by explicit matrices of 4 classes and the mask,', () => {
  const [K, T] = [4, 10]
  // The schedule forgets x₀ altogether, so that the start from noise is exactly the forward law.
  const schedule = scheduler(K, T, 1e-9)

  it.each(ways)('%s', async (_, options) => {
    const { logAt, logBt, logCt } = await schedule
    /** q(x_t = j | x_{t−1} = i) at [i][j]. */
    const oneStep = (t: number) =>
      square(K + 1, (i, j) => {
        if (i === K) return j === K ? 1 : 0
        if (j === K) return Math.exp(logCt[t]!)
        return Math.exp(logBt[t]!) + (i === j ? Math.exp(logAt[t]!) : 0)
      })
    /** q(x_t | x_u), step by step. */
    const between = (u: number, t: number) => {
      let product = square(K + 1, (i, j) => Number(i === j))
      for (let s = u + 1; s <= t; s++) product = multiply(product, oneStep(s))
      return product
    }
    const { timesteps, masked, changed } = (await schedule).expectation(options)
    const first = timesteps[0]!
    const fromMasks = options.spacing === 'leading' && options.strength === undefined
    /** P(x_u = i, x_t = j), x₀ being class 1; given that x_first is the mask, if that is the start. */
    const joint = (u: number, t: number) =>
      square(K + 1, (i, j) => {
        const forward = between(-1, u)[1]![i]! * between(u, t)[i]![j]!
        return fromMasks ? (forward * between(t, first)[j]![K]!) / between(-1, first)[1]![K]! : forward
      })
    const sum = (of: number[][], where: (i: number, j: number) => boolean) =>
      of.reduce((total, row, i) => row.reduce((part, value, j) => (where(i, j) ? part + value : part), total), 0)
    for (const [step, t] of timesteps.entries()) {
      const law = joint(timesteps[step + 1] ?? -1, t)
      expect(sum(law, () => true)).toBeCloseTo(1, 5)
      expect(masked[step]).toBeCloseTo(
        sum(law, (_, j) => j === K),
        5,
      )
      expect(changed[step]).toBeCloseTo(
        sum(law, (i, j) => i !== j),
        5,
      )
    }
    expect(masked.at(-1)).toBe(0)
  })
})

describe('by 20,000 tokens of a network that knows x₀,', () => {
  const [K, T, N] = [8, 40, 20_000]
  const schedule = scheduler(K, T, 1e-9)
  const denoiser: Denoiser<CpuTensor, null> = ({ sample }) => {
    const data = new Float32Array(sample.size * K)
    for (let token = 0; token < sample.size; token++) data[token * K + 5] = 60
    return new CpuTensor(data, [1, N, K])
  }
  const purity = ways.map(([name, options]): (typeof ways)[0] => [
    `${name}, by purity`,
    { ...options, method: 'purity' },
  ])

  const fast: [string, ExpectationOptions] = ['by fast sampling', { timesteps: [39, 29, 19, 9, 0], method: 'fast' }]

  it.each([...ways, ...purity, fast])('%s', async (_, options) => {
    const engine = await schedule
    const expected = engine.expectation(options)
    const { strength, ...chainOptions } = options
    const start =
      strength === undefined
        ? { numLatentPixels: N }
        : { image: { tokens: new CpuTensor(new Uint32Array(N).fill(5), [1, N]), strength } }
    let before: ArrayLike<number> = []
    const watched: Denoiser<CpuTensor, null> = (input) => {
      before = [...input.sample.data]
      return denoiser(input)
    }
    const share = (tokens: ArrayLike<number>, is: (token: number, i: number) => boolean) =>
      Array.from(tokens).filter(is).length / N
    const chain = new VQDiffusionPipeline({ scheduler: engine, denoiser: watched, layout: 'pixel-major' })
    let steps = 0
    for await (const { step, sample } of chain.sample({ ...chainOptions, ...start, seed: 5, conditioning: null })) {
      // Four standard deviations of a share are at most 0.0142.
      const masked = share(before, (token) => token === K)
      const changed = share(before, (token, i) => token !== sample.data[i])
      expect(Math.abs(masked - expected.masked[step]!)).toBeLessThan(0.0142)
      expect(Math.abs(changed - expected.changed[step]!)).toBeLessThan(0.0142)
      steps++
    }
    expect(expected.timesteps.length).toBe(steps)
  })
})

it('is empty for an image of strength 0', async () => {
  const schedule = await scheduler(4, 10, 1e-9)
  expect(schedule.expectation({ numInferenceSteps: 5, strength: 0 })).toEqual({
    timesteps: [],
    masked: [0],
    changed: [],
  })
})

it('does not depend on the list that setTimesteps has set', async () => {
  const schedule = await scheduler(4, 10, 1e-9)
  const before = schedule.expectation({ numInferenceSteps: 5 })
  schedule.setTimesteps(2)
  expect(schedule.expectation({ numInferenceSteps: 5 })).toEqual(before)
  expect(schedule.timesteps).toHaveLength(2)
})

it.each<[string, object]>([
  ['neither steps nor a list', {}],
  ['steps and a list', { numInferenceSteps: 2, timesteps: [1, 0] }],
  ['too many steps', { numInferenceSteps: 11 }],
  ['an unknown spacing', { numInferenceSteps: 2, spacing: 'trailing' }],
  ['an unknown method', { numInferenceSteps: 2, method: 'confidence' }],
  ['a strength above 1', { numInferenceSteps: 2, strength: 1.5 }],
])('refuses %s', async (_, options) => {
  const schedule = await scheduler(4, 10, 1e-9)
  expect(() => schedule.expectation(options as ExpectationOptions)).toThrow(OptionError)
})

function scheduler(K: number, T: number, alphaEnd: number): Promise<VQDiffusionScheduler> {
  return VQDiffusionScheduler.create({
    num_vec_classes: K + 1,
    num_train_timesteps: T,
    alpha_cum_start: 0.99,
    alpha_cum_end: alphaEnd,
    gamma_cum_start: 0.005,
    gamma_cum_end: 0.85,
  })
}

function square(size: number, entry: (i: number, j: number) => number): number[][] {
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => entry(i, j)))
}

function multiply(a: number[][], b: number[][]): number[][] {
  return square(a.length, (i, j) => a[i]!.reduce((sum, value, k) => sum + value * b[k]![j]!, 0))
}
