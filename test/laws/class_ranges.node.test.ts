import { describe, expect, it } from 'vitest'
import { RandomGenerator } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { readConfig } from '../../src/config'
import { type Transition, transition } from '../../src/process/routes'
import { createSchedule } from '../../src/process/schedule'
import { pseudoLogits } from '../support/inputs'
import { checkLaw, countTokens } from '../support/statistics'
import { softmax } from './step_laws'

/**
 * Latent pixels with ranges of classes of their own draw from the laws of processes of so many classes, which are computed
 * by explicit matrix products: 2¹⁴ draws for each law, with a false-alarm rate of 1e-6. test/kernels/class_ranges.test.ts tests
 * that the GPU draws the twin's tokens.
 */
const [K, T] = [7, 12]
const draws = 2 ** 14
const pattern = [
  [0, 1],
  [2, 5],
  [6, 6],
  [0, 6],
] as const
const N = pattern.length * draws
const class_range = Array.from({ length: N }, (_, n) => pattern[n % pattern.length]!)
const logits = pseudoLogits(K, 3, 4)

const processes = {
  // The routes of x_t = x₀ depend on the number of classes most if much is replaced.
  'strong replacement': { alpha_cum_start: 0.97, alpha_cum_end: 0.05, gamma_cum_start: 0.01, gamma_cum_end: 0.2 },
  'absorbing only': { alpha_cum_start: 0.9, alpha_cum_end: 0.1, gamma_cum_start: 0.1, gamma_cum_end: 0.9 },
}

describe.each(Object.entries(processes))('the %s process', async (_, parameters) => {
  const options = { num_vec_classes: K + 1, num_train_timesteps: T, ...parameters }
  const scheduler = await VQDiffusionScheduler.create({ ...options, class_range })
  const schedule = createSchedule(readConfig(options))
  const modelOutput = new CpuTensor(
    Float32Array.from({ length: N * K }, (_, i) => logits[i % K]!),
    [1, N, K],
  )
  const generator = (seed: number) => ({ generator: new RandomGenerator(seed) })

  /** Laws over the C classes, of the process of a range: its classes are 0 … K_n − 1, and K_n is the mask. */
  function lawsOf([first, last]: readonly [number, number]) {
    const size = last - first + 1
    const own = { ...schedule, numCodes: size }
    const matrix = ({ keep, replace, mask }: Transition, j: number, i: number) => {
      if (i === size) return Number(j === size)
      return j === size ? mask : (i === j ? keep : 0) + replace / size
    }
    const prior = softmax(logits.slice(first, last + 1))
    const embedded = (law: (k: number) => number) =>
      Array.from({ length: K + 1 }, (_, k) => {
        if (k === K) return law(size)
        return k < first || k > last ? 0 : law(k - first)
      })
    return {
      noised: (t: number, x0: number) => embedded((k) => matrix(transition(own, t, -1), k, x0)),
      start: () => {
        const { mask, replace } = transition(own, T - 1, -1)
        return embedded((k) => (k === size ? mask : replace / size) / (mask + replace))
      },
      step: (t: number, u: number, xT: number) => {
        const early = u < 0 ? { keep: 1, replace: 0, mask: 0 } : transition(own, u, -1)
        const [step, late] = [transition(own, t, u), transition(own, t, -1)]
        return embedded((i) =>
          prior.reduce((sum, p, x0) => {
            const evidence = matrix(late, xT, x0)
            // Without replacement an x₀ from which x_t cannot come leaves an ordinary token unchanged.
            if (evidence === 0) return sum + (i === xT ? p : 0)
            return sum + (p * matrix(step, xT, i) * matrix(early, i, x0)) / evidence
          }, 0),
        )
      },
      size,
      first,
      surest: prior.indexOf(Math.max(...prior)),
    }
  }
  const laws = pattern.map(lawsOf)

  /** Tests the tokens of each kind of pixel. */
  function checkKinds(tokens: ArrayLike<number>, law: (kind: (typeof laws)[0]) => number[]) {
    for (const [place, kind] of laws.entries()) {
      const own = Array.from({ length: draws }, (_, i) => tokens[i * pattern.length + place]!)
      checkLaw(`pixels of the classes ${pattern[place]!.join(' to ')}`, countTokens(own, K + 1), law(kind))
    }
  }
  /** Of each range the class that the network is surest of, or the mask. */
  const tokens = (masked: boolean) => {
    const data = Uint32Array.from({ length: N }, (_, n) => {
      const { first, surest } = laws[n % pattern.length]!
      return masked ? K : first + surest
    })
    return new CpuTensor(data, [1, N])
  }

  for (const [t, u] of [
    [11, 4],
    [8, 5],
    [6, -1],
  ] as const)
    it.each([true, false])(`steps ${t} → ${u}, from the mask: %s`, async (masked) => {
      const { prevSample } = scheduler.step(modelOutput, t, tokens(masked), {
        ...generator(t),
        layout: 'pixel-major',
        previousTimestep: u,
      })
      checkKinds(prevSample.data, ({ step, size, surest }) => step(t, u, masked ? size : surest))
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
    })

  it('noises clean tokens, and known ones', () => {
    checkKinds(scheduler.addNoise(tokens(false), 7, generator(1)).data, ({ noised, surest }) => noised(7, surest))
    const mask = new CpuTensor(new Uint32Array(N).fill(1), [1, N])
    const { prevSample } = scheduler.step(modelOutput, 11, tokens(true), {
      ...generator(2),
      layout: 'pixel-major',
      previousTimestep: 7,
      known: { tokens: tokens(false), mask },
    })
    checkKinds(prevSample.data, ({ noised, surest }) => noised(7, surest))
  })

  it('starts from the noise of each range', () => {
    checkKinds(scheduler.initialSample([1, N], generator(3)).data, ({ start }) => start())
  })

  it('truncates within each range', () => {
    const truncationRate = 0.5
    const { prevSample } = scheduler.step(modelOutput, 11, tokens(true), {
      ...generator(4),
      layout: 'pixel-major',
      previousTimestep: -1,
      truncationRate,
    })
    checkKinds(prevSample.data, ({ first, size }) => {
      const prior = softmax(logits.slice(first, first + size))
      const falling = [...prior.keys()].sort((a, b) => prior[b]! - prior[a]!)
      let before = 0
      const kept = falling.filter((k) => {
        const keeps = before < truncationRate
        before += prior[k]!
        return keeps
      })
      const total = kept.reduce((sum, k) => sum + prior[k]!, 0)
      return Array.from({ length: K + 1 }, (_, k) => (kept.includes(k - first) ? prior[k - first]! / total : 0))
    })
  })
})
