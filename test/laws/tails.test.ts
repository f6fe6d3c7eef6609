import { describe, expect, it } from 'vitest'
import { RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler } from 'vq-diffusion-webgpu/cpu'
import { classTailWords, classWords, exponential, Purpose, pixelKey } from '../../src/cpu/random'
import { gpuTest } from '../support/gpu'
import { pair, pseudoLogits } from '../support/inputs'
import { inLayout, layouts, repeated } from '../support/layouts'
import { checkSameDraws, countTokens } from '../support/statistics'

/**
 * Rare classes are drawn as often as they should be. A class of probability p wins where its random word is below about
 * p · 2³², so the small words decide. kernels/random.test.ts tests the words and their exponentials, to 2e-6; here the step
 * kernel has to use them.
 */
const device = await requestDevice()

describe('rare classes', async () => {
  // The rarer the classes, the more there are of them, so that each kind is drawn often enough to be counted.
  const kinds = [
    { probability: 1e-4, classes: 9 },
    { probability: 1e-5, classes: 27 },
    { probability: 1e-6, classes: 207 },
  ]
  const p = kinds.flatMap(({ probability, classes }) => Array.from({ length: classes }, () => probability))
  const common = 1 - p.reduce((a, b) => a + b)
  const N = 2 ** 16
  const K = p.length + 1
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
  const twin = await CpuScheduler.create({ num_vec_classes: K + 1 })

  gpuTest(device, 'of probability 1e-4 to 1e-6 come as often as they should, where the twin draws them', async () => {
    const modelOutput = pair(device, repeated([...p, common].map(Math.log), N, 'pixel-major'), [1, N, K])
    const options = () => ({ generator: new RandomGenerator(1), layout: 'pixel-major' as const, previousTimestep: -1 })
    const sample = scheduler.initialSample([1, N], { start: 'mask' })
    const twinSample = twin.initialSample([1, N], { start: 'mask' })
    const tokens = await scheduler.step(modelOutput.gpu, 99, sample, options()).prevSample.read()
    checkSameDraws('x₀ of the twin', tokens, twin.step(modelOutput.twin, 99, twinSample, options()).prevSample.data)
    const counts = countTokens(tokens, K)
    let from = 0
    for (const { probability, classes } of kinds) {
      const drawn = counts.slice(from, from + classes).reduce((a, b) => a + b)
      const expected = N * classes * probability
      // Five standard deviations of a Poisson law, and room for its skew: false alarms below 1e-6.
      expect(Math.abs(drawn - expected)).toBeLessThan(5 * Math.sqrt(expected) + 5)
      // Of 13.6 of the rarest; none comes once in 700,000 choices of seeds.
      expect(drawn).toBeGreaterThan(0)
      from += classes
    }
  })
})

describe('words below 2¹⁶', async () => {
  const [K, N, B] = [64, 16, 12]
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
  const twin = await CpuScheduler.create({ num_vec_classes: K + 1 })

  /** A latent pixel, and a class whose word is so small that its further bits matter. */
  interface SmallWord {
    readonly seed: number
    readonly pixel: number
    readonly classIndex: number
    /** The exponential of the word with its further bits, and that of the middle of its interval. */
    readonly exact: number
    readonly truncated: number
  }

  /** Finds a word below 2¹² whose further bits change the exponential by more than 1e-4: about one in 1.7 million. */
  function findSmallWord(seed: number): SmallWord | undefined {
    const stream = { seed: [seed, 0] as const, item: 0 }
    for (let pixel = 0; pixel < N; pixel++) {
      const key = pixelKey(stream, pixel, 0, Purpose.x0)
      for (let group = 0; group < K / 4; group++)
        for (const [i, word] of classWords(key, group).entries()) {
          if (word >= 2 ** 12) continue
          const exact = exponential(word, () => classTailWords(key, group)[i]!)
          const truncated = exponential(word, () => 2 ** 31)
          if (Math.abs(Math.log(exact / truncated)) < 1e-4) continue
          return { seed, pixel, classIndex: group * 4 + i, exact, truncated }
        }
    }
    return undefined
  }
  const found: SmallWord[] = []
  for (let seed = 0; found.length < B; seed++) {
    const small = findSmallWord(seed)
    if (small) found.push(small)
  }

  /**
   * Logits of an item, [K, N]. At the pixel of the small word only its class and one other are possible, with equal scores
   * if the exponential were in the middle between the exact and the truncated one. So the further bits decide.
   */
  function itemLogits({ seed, pixel, classIndex, exact, truncated }: SmallWord): Float32Array {
    const other = (classIndex + 1) % K
    const key = pixelKey({ seed: [seed, 0], item: 0 }, pixel, 0, Purpose.x0)
    const group = Math.floor(other / 4)
    const noise = exponential(classWords(key, group)[other % 4]!, () => classTailWords(key, group)[other % 4]!)
    const logits = pseudoLogits(K * N, seed)
    for (let k = 0; k < K; k++) logits[k * N + pixel] = -Infinity
    logits[other * N + pixel] = 0
    logits[classIndex * N + pixel] = (Math.log(exact) + Math.log(truncated)) / 2 - Math.log(noise)
    return logits
  }
  const data = Float32Array.from(found.flatMap((small) => [...itemLogits(small)]))
  const winners = found.map(({ classIndex, exact, truncated }) =>
    exact < truncated ? classIndex : (classIndex + 1) % K,
  )

  for (const layout of layouts)
    for (const previousTimestep of [0, -1])
      gpuTest(device, `decide by their further bits, ${layout}, to ${previousTimestep}`, async () => {
        const arranged = inLayout(layout, { data, shape: [B, K, N] })
        const modelOutput = pair(device, arranged.data, arranged.shape)
        const options = () => ({
          generator: new RandomGenerator(found.map(({ seed }) => seed)),
          layout,
          previousTimestep,
        })
        const sample = scheduler.initialSample([B, N], { start: 'mask' })
        const tokens = await scheduler.step(modelOutput.gpu, 99, sample, options()).prevSample.read()
        const twinSample = twin.initialSample([B, N], { start: 'mask' })
        expect(tokens).toEqual(twin.step(modelOutput.twin, 99, twinSample, options()).prevSample.data)
        expect(found.map(({ pixel }, item) => tokens[item * N + pixel])).toEqual(winners)
      })

  it('are found where the further bits let either class win', () => {
    const wins = found.map(({ classIndex }, item) => winners[item] === classIndex)
    expect(new Set(wins)).toEqual(new Set([true, false]))
  })
})
