import { describe, expect, it } from 'vitest'
import { RandomGenerator } from 'vq-diffusion-webgpu'
import { CpuTensor, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { repeated } from '../support/layouts'
import { checkLaw, countTokens } from '../support/statistics'
import { processLaws, softmax } from './step_laws'
import { guidedTruncation, guidedTruncationLaw, truncated, truncatedLaw } from './truncation_laws'

/**
 * The twin draws from laws that are computed by explicit matrix products: 2¹⁷ draws for each law, whose error of about 1 % of
 * the tokens is found, with a false-alarm rate of 1e-6. Seeds are fixed.
 */
const draws = 2 ** 17

/** One column for every token. */
function columns(column: ArrayLike<number>, tokens: number): CpuTensor {
  return new CpuTensor(repeated(column, tokens, 'pixel-major'), [1, tokens, column.length])
}

describe.each(processLaws)('the $name process', async ({ config, logits, start, steps }) => {
  const scheduler = await VQDiffusionScheduler.create(config)
  const modelOutput = columns(logits, draws)

  it.each(steps)('$name', async ({ name, t, u, xT, law }) => {
    const sample = scheduler.uploadTokens(new Uint32Array(draws).fill(xT), [1, draws])
    const { prevSample } = scheduler.step(modelOutput, t, sample, {
      generator: new RandomGenerator(t * 100 + u + 1),
      layout: 'pixel-major',
      previousTimestep: u,
    })
    checkLaw(name, countTokens(prevSample.data, law.length), law)
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
  })

  it('starts with the marginals of the last timestep', () => {
    const sample = scheduler.initialSample([1, draws], { generator: new RandomGenerator(1) })
    checkLaw('the initial sample', countTokens(sample.data, start.length), start)
  })
})

describe('truncation', async () => {
  const K = truncated.probabilities.length
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1 })
  const modelOutput = columns(truncated.probabilities.map(Math.log), draws)
  const sample = scheduler.initialSample([1, draws], { start: 'mask' })

  it.each(truncated.rates)('draws the classes that rate $truncationRate keeps in proportion, and no other', (rate) => {
    const { prevSample } = scheduler.step(modelOutput, 99, sample, {
      generator: new RandomGenerator(3),
      layout: 'pixel-major',
      previousTimestep: -1,
      truncationRate: rate.truncationRate,
    })
    checkLaw('x₀', countTokens(prevSample.data, K), truncatedLaw(rate.kept))
  })

  it('with guidance keeps classes of the guided law', async () => {
    const { config, conditional, unconditional, t, u, scale, truncationRate, guided, kept } = guidedTruncation
    // One of the kept classes is below the rate, both are above.
    expect([1, 3]).toEqual(kept)
    expect(Math.max(guided[1]!, guided[3]!)).toBeLessThan(truncationRate)
    expect(guided[1]! + guided[3]!).toBeGreaterThan(truncationRate)
    const strided = await VQDiffusionScheduler.create(config)
    const { prevSample } = strided.step(columns(conditional, draws), t, sample, {
      generator: new RandomGenerator(12),
      layout: 'pixel-major',
      previousTimestep: u,
      guidance: { scale, unconditional: columns(unconditional, draws) },
      truncationRate,
    })
    const law = guidedTruncationLaw()
    checkLaw('x_u', countTokens(prevSample.data, law.length), law)
  })
})

describe('independence', async () => {
  const logits = [0.3, -0.5, 0.8, 0]
  const K = logits.length
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1 })
  const p = softmax(logits)
  const joint = p.flatMap((a) => p.map((b) => a * b))
  const { data } = columns(logits, 2 * draws)

  /** x₀ of 2·draws pixels, in one item or in many. */
  function drawAll(generator: RandomGenerator, [B, N]: [number, number]): Uint32Array {
    const sample = scheduler.initialSample([B, N], { start: 'mask' })
    const { prevSample } = scheduler.step(new CpuTensor(data, [B, N, K]), 99, sample, {
      generator,
      layout: 'pixel-major',
      previousTimestep: -1,
    })
    return prevSample.data as Uint32Array
  }
  function checkIndependent(name: string, a: Uint32Array, b: Uint32Array) {
    const pairs = a.map((token, i) => token * K + b[i]!)
    checkLaw(name, countTokens(pairs, K * K), joint)
  }
  const every = (tokens: Uint32Array, stride: number, offset: number) => tokens.filter((_, i) => i % stride === offset)

  it('of neighbouring pixels', () => {
    const tokens = drawAll(new RandomGenerator(1), [1, 2 * draws])
    checkIndependent('pixels', every(tokens, 2, 0), every(tokens, 2, 1))
  })

  it('of the first and the last pixel of an item, and of neighbouring items', () => {
    const N = 16
    const tokens = drawAll(new RandomGenerator(2), [(2 * draws) / N, N])
    checkIndependent('first and last pixels', every(tokens, N, 0), every(tokens, N, N - 1))
    checkIndependent('items', every(tokens, 2 * N, 0), every(tokens, 2 * N, N))
  })

  it('of consecutive calls, and of neighbouring seeds', () => {
    const generator = new RandomGenerator(3)
    const first = drawAll(generator, [1, 2 * draws])
    checkIndependent('calls', first, drawAll(generator, [1, 2 * draws]))
    checkIndependent('seeds', first, drawAll(new RandomGenerator(4), [1, 2 * draws]))
  })

  it('of x₀ and the route: revealed tokens have the law of all', () => {
    const sample = scheduler.initialSample([1, 2 * draws], { start: 'mask' })
    const { prevSample } = scheduler.step(new CpuTensor(data, [1, 2 * draws, K]), 60, sample, {
      generator: new RandomGenerator(5),
      layout: 'pixel-major',
      previousTimestep: 30,
    })
    checkLaw(
      'revealed tokens',
      countTokens(
        prevSample.data.filter((token) => token < K),
        K,
      ),
      p,
    )
  })
})
