import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { createSchedule } from '../src/process/schedule'
import { transition } from '../src/process/transition'
import { gpuTest, pseudoLogits } from './gpu'
import { goodnessOfFit } from './statistics'

/**
 * The sampler against laws computed by explicit matrix products, 2¹⁷ draws each; every test has fixed seeds and a
 * false-alarm rate of 1e-6.
 */
const device = await requestDevice()
const draws = 2 ** 17
const alpha = 1e-6

const schedules = {
  default: {},
  'strong replacement': { alpha_cum_start: 0.97, alpha_cum_end: 0.02, gamma_cum_start: 0.01, gamma_cum_end: 0.6 },
  'absorbing only': { alpha_cum_start: 0.9, alpha_cum_end: 0.1, gamma_cum_start: 0.1, gamma_cum_end: 0.9 },
  'uniform only': { alpha_cum_start: 0.9, alpha_cum_end: 0.01, gamma_cum_start: 0, gamma_cum_end: 0 },
}

/** Explicit q(later = j | earlier = i). */
function matrix({ keep, replace, mask }: ReturnType<typeof transition>, K: number, j: number, i: number): number {
  if (i === K) return j === K ? 1 : 0
  return j === K ? mask : (i === j ? keep : 0) + replace / K
}

function countTokens(tokens: ArrayLike<number>, C: number): Uint32Array {
  const counts = new Uint32Array(C)
  for (let i = 0; i < tokens.length; i++) counts[tokens[i]!]!++
  return counts
}

/** The same column for every token. */
function repeated(column: Float32Array, tokens: number): GpuTensor {
  const K = column.length
  return GpuTensor.from(
    device,
    Float32Array.from({ length: K * tokens }, (_, i) => column[i % K]!),
    [1, tokens, K],
  )
}

describe.each(Object.entries(schedules))('the %s schedule', async (name, options) => {
  const config = { num_vec_classes: 6, num_train_timesteps: 12, ...options }
  const scheduler = await VQDiffusionScheduler.create(device, config)
  const K = 5
  const schedule = createSchedule(scheduler.config)
  const logits = pseudoLogits(K, 3, 4)
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0)
  const prior = [...logits].map((logit) => Math.exp(logit) / total)

  /** Σ_x₀ p(x₀) q(x_u | x_t, x₀); an x₀ from which x_t cannot come leaves an ordinary token where it is. */
  function law(t: number, u: number, xT: number): number[] {
    const step = transition(schedule, t, u)
    const early = u < 0 ? { keep: 1, replace: 0, mask: 0 } : transition(schedule, u, -1)
    const late = transition(schedule, t, -1)
    return Array.from({ length: K + 1 }, (_, i) =>
      prior.reduce((sum, p, x0) => {
        const evidence = matrix(late, K, xT, x0)
        if (evidence === 0) return sum + (i === xT ? p : 0)
        return sum + (p * matrix(step, K, xT, i) * matrix(early, K, i, x0)) / evidence
      }, 0),
    )
  }

  const modelOutput = repeated(logits, draws)
  const tokens = name === 'uniform only' ? [0, 3] : [0, 3, K]
  for (const [t, u] of [
    [11, 10],
    [11, 4],
    [6, 5],
    [6, 0],
    [1, 0],
    [6, -1],
    [0, -1],
  ] as const)
    for (const xT of tokens)
      gpuTest(device, `${t} → ${u} from ${xT === K ? 'the mask' : `class ${xT}`}`, async () => {
        const sample = scheduler.uploadTokens(new Uint32Array(draws).fill(xT), [1, draws])
        const { prevSample } = scheduler.step(modelOutput, t, sample, {
          ...{ generator: new RandomGenerator(t * 100 + u + 1), layout: 'pixel-major', previousTimestep: u },
        })
        expect(goodnessOfFit(countTokens(await prevSample.read(), K + 1), law(t, u, xT))).toBeGreaterThan(alpha)
        expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
      })

  gpuTest(device, 'starts as the last timestep leaves the data', async () => {
    const sample = scheduler.initialSample([1, draws], { generator: new RandomGenerator(1) })
    const { mask, replace } = transition(schedule, 11, -1)
    const start = Array.from({ length: K + 1 }, (_, k) => (k === K ? mask : replace / K) / (mask + replace))
    expect(goodnessOfFit(countTokens(await sample.read(), K + 1), start)).toBeGreaterThan(alpha)
  })
})

describe('tails', () => {
  gpuTest(
    device,
    'classes of probability 1e-4 to 1e-6 come as often as they should (2²⁴ draws)',
    async () => {
      const n = 2 ** 22
      const seeds = [1, 2, 3, 4]
      const rare = [1e-4, 1e-5, 1e-6]
      const p = [...rare, 1 - rare.reduce((a, b) => a + b)]
      const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: p.length + 1 })
      const sample = scheduler.initialSample([1, n], { start: 'mask' })
      const modelOutput = repeated(Float32Array.from(p, Math.log), n)
      const counts = new Float64Array(p.length)
      for (const seed of seeds) {
        const { prevSample } = scheduler.step(modelOutput, 99, sample, {
          ...{ generator: new RandomGenerator(seed), layout: 'pixel-major', previousTimestep: -1 },
        })
        countTokens(await prevSample.read(), p.length).forEach((count, k) => {
          counts[k]! += count
        })
      }
      for (const [k, probability] of rare.entries()) {
        const expected = n * seeds.length * probability
        // Five standard deviations of a Poisson law, and room for its skew: false alarms below 1e-6.
        expect(Math.abs(counts[k]! - expected)).toBeLessThan(5 * Math.sqrt(expected) + 5)
      }
      expect(counts[2]).toBeGreaterThan(0) // of 17; none comes once in 2e7 runs
    },
    240_000,
  )
})

describe('independence', async () => {
  const K = 4
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
  const logits = Float32Array.of(0.3, -0.5, 0.8, 0)
  const weights = [...logits].map(Math.exp)
  const p = weights.map((weight) => weight / weights.reduce((a, b) => a + b))
  const joint = p.flatMap((a) => p.map((b) => a * b))
  const modelOutput = repeated(logits, 2 * draws)

  /** x₀ of 2·draws pixels, in one item or in many. */
  async function drawAll(generator: RandomGenerator, [B, N]: [number, number]): Promise<Uint32Array> {
    const sample = scheduler.initialSample([B, N], { start: 'mask' })
    const shaped = GpuTensor.borrow(device, modelOutput.buffer, [B, N, K], 'f32')
    const { prevSample } = scheduler.step(shaped, 99, sample, {
      generator,
      layout: 'pixel-major',
      previousTimestep: -1,
    })
    return (await prevSample.read()) as Uint32Array
  }
  function expectIndependent(a: ArrayLike<number>, b: ArrayLike<number>) {
    const counts = new Uint32Array(K * K)
    for (let i = 0; i < a.length; i++) counts[a[i]! * K + b[i]!]!++
    expect(goodnessOfFit(counts, joint)).toBeGreaterThan(alpha)
  }
  const every = (tokens: Uint32Array, stride: number, offset: number) => tokens.filter((_, i) => i % stride === offset)

  gpuTest(device, 'of neighbouring pixels', async () => {
    const tokens = await drawAll(new RandomGenerator(1), [1, 2 * draws])
    expectIndependent(every(tokens, 2, 0), every(tokens, 2, 1))
  })

  gpuTest(device, 'of the first and the last pixel of an item, and of neighbouring items', async () => {
    const N = 16
    const tokens = await drawAll(new RandomGenerator(2), [(2 * draws) / N, N])
    expectIndependent(every(tokens, N, 0), every(tokens, N, N - 1))
    expectIndependent(every(tokens, 2 * N, 0), every(tokens, 2 * N, N))
  })

  gpuTest(device, 'of consecutive calls, and of neighbouring seeds', async () => {
    const generator = new RandomGenerator(3)
    const first = await drawAll(generator, [1, 2 * draws])
    expectIndependent(first, await drawAll(generator, [1, 2 * draws]))
    expectIndependent(first, await drawAll(new RandomGenerator(4), [1, 2 * draws]))
  })

  gpuTest(device, 'of x₀ and the route: revealed tokens have the law of all', async () => {
    const sample = scheduler.initialSample([1, 2 * draws], { start: 'mask' })
    const { prevSample } = scheduler.step(modelOutput, 60, sample, {
      ...{ generator: new RandomGenerator(5), layout: 'pixel-major', previousTimestep: 30 },
    })
    const revealed = (await prevSample.read()).filter((token) => token < K)
    expect(goodnessOfFit(countTokens(revealed, K), p)).toBeGreaterThan(alpha)
  })
})
