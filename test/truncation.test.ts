import { describe, expect, it } from 'vitest'
import { GpuTensor, OptionError, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { routeTable } from '../src/process/routes'
import { createSchedule } from '../src/process/schedule'
import { gpuTest, pseudoLogits, pseudoTokens } from './gpu'
import { goodnessOfFit } from './statistics'

const device = await requestDevice()

/**
 * The shrinking-set draw on the GPU against the twin, which sorts, strikes out what truncation drops, and takes the
 * argmax of the same noise: the same tokens, not only the same law.
 */
describe.each([2, 3, 8, 38, 257, 4097])('with %i classes', async (C) => {
  const [K, N] = [C - 1, 24]
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: C })
  const twin = await CpuScheduler.create({ num_vec_classes: C })
  const tokens = pseudoTokens(2 * N, K, 0.5, C)
  const sample = scheduler.uploadTokens(tokens, [2, N])
  const distinct = pseudoLogits(4 * N * K, C, 12)
  const logits = { distinct, 'full of ties': distinct.map((logit) => Math.round(logit / 2)) }

  for (const [kind, data] of Object.entries(logits))
    for (const truncationRate of [-Infinity, -1, 0, 0.3, 0.86, 0.999])
      gpuTest(device, `rate ${truncationRate}, logits ${kind}: the twin's tokens, plain and guided`, async () => {
        for (const previousTimestep of [20, -1])
          for (const scale of [undefined, 2.5]) {
            const shape = [scale ? 4 : 2, N, K]
            const size = shape.reduce((a, b) => a * b)
            const options = {
              layout: 'pixel-major',
              previousTimestep,
              truncationRate,
              ...(scale && { guidance: { scale } }),
            } as const
            const modelOutput = GpuTensor.from(device, data.slice(0, size), shape)
            const got = scheduler.step(modelOutput, 40, sample, { ...options, generator: new RandomGenerator(C) })
            const want = twin.step(new CpuTensor(data.slice(0, size), shape), 40, new CpuTensor(tokens, [2, N]), {
              ...options,
              generator: new RandomGenerator(C),
            })
            expect(await got.prevSample.read()).toEqual(want.prevSample.data)
            modelOutput.destroy()
          }
      })
})

gpuTest(device, 'draws the kept classes in proportion (2¹⁷ draws, α = 1e-6), and no other', async () => {
  const probabilities = [0.05, 0.4, 0.2, 0.05, 0.3]
  const [K, draws] = [probabilities.length, 2 ** 17]
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
  const column = Float32Array.from(probabilities, Math.log)
  const modelOutput = GpuTensor.from(
    device,
    Float32Array.from({ length: K * draws }, (_, i) => column[i % K]!),
    [1, draws, K],
  )
  const sample = scheduler.initialSample([1, draws], { start: 'mask' })
  for (const [truncationRate, kept] of [
    [0, [1]],
    [0.39, [1]],
    [0.41, [1, 4]],
    [0.8, [1, 4, 2]],
    // Of the two classes of 0.05 the lower one ranks first and crosses the rate.
    [0.92, [1, 4, 2, 0]],
    [0.96, [1, 4, 2, 0, 3]],
    [1, [0, 1, 2, 3, 4]],
  ] as const) {
    const { prevSample } = scheduler.step(modelOutput, 99, sample, {
      generator: new RandomGenerator(3),
      ...{ layout: 'pixel-major', previousTimestep: -1, truncationRate },
    })
    const counts = new Uint32Array(K)
    for (const token of await prevSample.read()) counts[token]!++
    const mass = kept.reduce<number>((sum, k) => sum + probabilities[k]!, 0)
    const law = probabilities.map((p, k) => ((kept as readonly number[]).includes(k) ? p / mass : 0))
    expect(goodnessOfFit(counts, law)).toBeGreaterThan(1e-6)
  }
})

gpuTest(
  device,
  'with guidance: the kept classes of the guided law, one step of a strided chain (2¹⁷ draws, α = 1e-6)',
  async () => {
    const [K, draws] = [5, 2 ** 17]
    const [t, u] = [80, 30]
    const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1, gamma_cum_end: 0.9 })
    const [conditional, unconditional] = [
      [0.2, 1.1, -0.3, 0.9, -1],
      [0.1, 0.2, 0.3, -0.4, 0],
    ].map((column) => Float32Array.from(column))
    const guided = [...conditional!].map((c, k) => unconditional![k]! + 3 * (c - unconditional![k]!))
    const weights = guided.map(Math.exp)
    const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]!)
    const total = weights.reduce((a, b) => a + b)
    // Classes 3 and 1 hold 97 %: at a rate of 0.9 both are kept, and no other.
    expect([...order.slice(0, 2)].sort()).toEqual([1, 3])
    expect(weights[order[0]!]! / total).toBeLessThan(0.9)
    expect((weights[1]! + weights[3]!) / total).toBeGreaterThan(0.9)
    const prior = weights.map((weight, k) => (k === 1 || k === 3 ? weight / (weights[1]! + weights[3]!) : 0))

    const data = new Float32Array(2 * draws * K)
    for (let i = 0; i < draws; i++) {
      data.set(unconditional!, i * K)
      data.set(conditional!, (draws + i) * K)
    }
    const { prevSample } = scheduler.step(
      GpuTensor.from(device, data, [2, draws, K]),
      t,
      scheduler.initialSample([1, draws], { start: 'mask' }),
      {
        ...{ generator: new RandomGenerator(12), layout: 'pixel-major', previousTimestep: u },
        ...{ guidance: { scale: 3 }, truncationRate: 0.9 },
      },
    )
    // A masked token: x₀, a uniform class or the mask by the route table, whose x₀ has the truncated law.
    const { masked } = routeTable(createSchedule(scheduler.config), t, u)
    const law = [...prior.map((p) => masked.x0 * p + masked.uniform / K), masked.mask]
    const counts = new Uint32Array(K + 1)
    for (const token of await prevSample.read()) counts[token]!++
    expect(goodnessOfFit(counts, law)).toBeGreaterThan(1e-6)
  },
)

it('of NaN, or with supplied noise, is refused', async () => {
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 3 })
  const sample = scheduler.emptyTokens([1, 1])
  const logits = GpuTensor.from(device, new Float32Array(2), [1, 2, 1])
  const noise = GpuTensor.from(device, new Float32Array(3), [1, 3, 1])
  const generator = new RandomGenerator(1)
  expect(() => scheduler.step(logits, 5, sample, { generator, truncationRate: Number.NaN })).toThrow(OptionError)
  expect(() => scheduler.step(logits, 5, sample, { noise, truncationRate: 0.5 })).toThrow(OptionError)
})
