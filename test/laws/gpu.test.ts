import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, type CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../support/gpu'
import { type Pair, pair } from '../support/inputs'
import { repeated } from '../support/layouts'
import { checkLaw, checkSameDraws, countTokens } from '../support/statistics'
import { processLaws } from './step_laws'
import { guidedTruncation, guidedTruncationLaw, truncated } from './truncation_laws'

/**
 * The GPU draws the twin's tokens in the situations whose laws laws/twin.node.test.ts tests on the twin: 2¹² tokens for each
 * law. An error that affects 0.6 % of the tokens of a law is found except once in a million, while the law itself shows an
 * error of 1 % with 2¹⁷ draws. A few laws are tested on the GPU itself, with 2¹⁷ draws and a false-alarm rate of 1e-6.
 */
const device = await requestDevice()
const compared = 2 ** 12
const draws = 2 ** 17

/** One column for every token of a batch [B, N]. */
function columns(column: ArrayLike<number>, [B, N]: readonly [number, number]): Pair {
  return pair(device, repeated(column, B * N, 'pixel-major'), [B, N, column.length])
}

async function checkSameTokens(name: string, got: GpuTensor, want: CpuTensor): Promise<void> {
  checkSameDraws(name, await got.read(), want.data)
}

describe.each(processLaws)('the $name process', async ({ config, logits, steps, start }) => {
  const scheduler = await VQDiffusionScheduler.create(device, config)
  const twin = await CpuScheduler.create(config)
  // The last step reads every column, in a kernel variant of its own.
  const groups = {
    'to noised data': steps.filter(({ u }) => u >= 0),
    'to clean data': steps.filter(({ u }) => u === -1),
  }

  for (const [name, group] of Object.entries(groups))
    gpuTest(device, `draws the twin’s tokens in steps ${name}`, async () => {
      const B = group.length
      const modelOutput = columns(logits, [B, compared])
      const tokens = Uint32Array.from({ length: B * compared }, (_, i) => group[Math.floor(i / compared)]!.xT)
      const sample = pair(device, tokens, [B, compared])
      const t = group.map((step) => step.t)
      const options = () => ({
        generator: new RandomGenerator(group.map((_, item) => item)),
        layout: 'pixel-major' as const,
        previousTimestep: group.map((step) => step.u),
      })
      const { prevSample } = scheduler.step(modelOutput.gpu, t, sample.gpu, options())
      await checkSameTokens('x_u', prevSample, twin.step(modelOutput.twin, t, sample.twin, options()).prevSample)
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
    })

  gpuTest(device, 'draws the twin’s initial sample', async () => {
    const generators = [new RandomGenerator(1), new RandomGenerator(1)] as const
    const got = scheduler.initialSample([1, compared], { generator: generators[0] })
    expect(await got.read()).toEqual(twin.initialSample([1, compared], { generator: generators[1] }).data)
  })

  // One step from the mask, or from class 3 where there is none, and one from class 0.
  const chosen = [steps.findLast(({ t, u }) => t === 6 && u === 0)!, steps.find(({ t, u }) => t === 11 && u === 4)!]
  for (const { name, t, u, xT, law } of chosen)
    gpuTest(device, `has the law of ${name}`, async () => {
      const modelOutput = GpuTensor.from(device, repeated(logits, draws, 'pixel-major'), [1, draws, logits.length])
      const sample = scheduler.uploadTokens(new Uint32Array(draws).fill(xT), [1, draws])
      const { prevSample } = scheduler.step(modelOutput, t, sample, {
        generator: new RandomGenerator(7),
        layout: 'pixel-major',
        previousTimestep: u,
      })
      checkLaw(name, countTokens(await prevSample.read(), law.length), law)
    })

  gpuTest(device, 'starts with the marginals of the last timestep', async () => {
    const sample = scheduler.initialSample([1, draws], { generator: new RandomGenerator(1) })
    checkLaw('the initial sample', countTokens(await sample.read(), start.length), start)
  })
})

describe('truncation', async () => {
  const K = truncated.probabilities.length
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
  const twin = await CpuScheduler.create({ num_vec_classes: K + 1 })

  gpuTest(device, 'draws the twin’s tokens at every rate', async () => {
    const shape = [1, compared] as const
    const modelOutput = columns(truncated.probabilities.map(Math.log), shape)
    const [sample, twinSample] = [scheduler, twin].map((engine) => engine.initialSample(shape, { start: 'mask' }))
    for (const { truncationRate } of truncated.rates) {
      const options = () => ({
        generator: new RandomGenerator(3),
        layout: 'pixel-major' as const,
        previousTimestep: -1,
        truncationRate,
      })
      const { prevSample } = scheduler.step(modelOutput.gpu, 99, sample as GpuTensor, options())
      const want = twin.step(modelOutput.twin, 99, twinSample as CpuTensor, options()).prevSample
      await checkSameTokens(`rate ${truncationRate}`, prevSample, want)
    }
  })

  gpuTest(device, 'with guidance keeps classes of the guided law, in one step of a strided chain', async () => {
    const { config, conditional, unconditional, t, u, scale, truncationRate } = guidedTruncation
    const strided = await VQDiffusionScheduler.create(device, config)
    const data = new Float32Array(2 * draws * K)
    data.set(repeated(unconditional, draws, 'pixel-major'))
    data.set(repeated(conditional, draws, 'pixel-major'), draws * K)
    const sample = strided.initialSample([1, draws], { start: 'mask' })
    const { prevSample } = strided.step(GpuTensor.from(device, data, [2, draws, K]), t, sample, {
      generator: new RandomGenerator(12),
      layout: 'pixel-major',
      previousTimestep: u,
      guidance: { scale },
      truncationRate,
    })
    const law = guidedTruncationLaw()
    checkLaw('x_u', countTokens(await prevSample.read(), law.length), law)
  })
})

describe('tokens that the independence of random numbers depends on are the twin’s', async () => {
  const logits = [0.3, -0.5, 0.8, 0]
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: logits.length + 1 })
  const twin = await CpuScheduler.create({ num_vec_classes: logits.length + 1 })

  /** Two calls with the same generator. */
  async function checkCalls(seed: number, shape: readonly [number, number], t = 99, previousTimestep = -1) {
    const modelOutput = columns(logits, shape)
    const [generator, twinGenerator] = [new RandomGenerator(seed), new RandomGenerator(seed)]
    const sample = scheduler.initialSample(shape, { start: 'mask' })
    const twinSample = twin.initialSample(shape, { start: 'mask' })
    const common = { layout: 'pixel-major', previousTimestep } as const
    for (const call of ['first', 'second']) {
      const { prevSample } = scheduler.step(modelOutput.gpu, t, sample, { ...common, generator })
      const want = twin.step(modelOutput.twin, t, twinSample, { ...common, generator: twinGenerator }).prevSample
      await checkSameTokens(`${call} call`, prevSample, want)
    }
  }

  gpuTest(device, 'of one item and of many, in consecutive calls, of neighbouring seeds', async () => {
    await checkCalls(3, [1, compared])
    await checkCalls(4, [1, compared])
    await checkCalls(2, [compared / 16, 16])
  })

  gpuTest(device, 'where the route decides whether x₀ is revealed', async () => {
    await checkCalls(5, [1, compared], 60, 30)
  })
})
