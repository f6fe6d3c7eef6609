import { describe, expect, it } from 'vitest'
import { GpuTensor, OptionError, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../../../test/support/gpu'
import { pseudoLogits } from '../../../test/support/inputs'
import { columnsShape, layouts, repeated } from '../../../test/support/layouts'
import { checkLaw, countTokens } from '../../../test/support/statistics'

const device = await requestDevice()
const options = { num_vec_classes: 12, num_train_timesteps: 20 }
const scheduler = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)
const K = 11

describe('purity-prior sampling', () => {
  for (const layout of layouts)
    for (const N of [1, 50, 130])
      gpuTest(device, `of ${N} tokens equals the twin’s over a chain, ${layout}, guided, by seed`, async () => {
        scheduler.setTimesteps(6)
        twin.setTimesteps(6)
        const [generator, twinGenerator] = [new RandomGenerator([5, 6]), new RandomGenerator([5, 6])]
        let sample: GpuTensor = scheduler.initialSample([2, N], { start: 'mask' })
        let twinSample: CpuTensor = twin.initialSample([2, N], { start: 'mask' })
        const revealed: number[] = []
        for (const t of scheduler.timesteps) {
          const shape = columnsShape(layout, [4, K, N])
          const data = pseudoLogits(4 * N * K, t)
          const rule = { layout, guidance: { scale: 2 }, priorWeight: 1.5 }
          sample = scheduler.purityStep(GpuTensor.from(device, data, shape), t, sample, {
            ...rule,
            generator,
          }).prevSample
          const wanted = twin.purityStep(new CpuTensor(data, shape), t, twinSample, {
            ...rule,
            generator: twinGenerator,
          })
          twinSample = wanted.prevSample
          expect(await sample.read()).toEqual(twinSample.data)
          revealed.push([...twinSample.data.slice(0, N)].filter((token) => token < K).length)
        }
        // As many as the schedule expects to be unmasked, and all tokens at the end.
        const expected = [...scheduler.timesteps.slice(1), 20].map((u) =>
          Math.round(N * (1 - Math.exp(scheduler.logCumprodCt[u]!))),
        )
        expect(revealed).toEqual(expected)
        expect(generator.state).toEqual(twinGenerator.state)
      })

  gpuTest(
    device,
    'reveals at most so many tokens a call, one more if that would be left over, as the twin',
    async () => {
      const N = 30
      const data = pseudoLogits(2 * N * K, 6)
      const revealed: number[][] = []
      for (const tokensPerCall of [1, 14, 15, 16, 40]) {
        const given = () => ({ generator: new RandomGenerator([7, 8]), layout: 'pixel-major' as const, tokensPerCall })
        // The second item has revealed 5 already; at u = 9 of 20 the schedule expects 16.
        const start = Uint32Array.from({ length: 2 * N }, (_, i) => (i >= N && i < N + 5 ? 2 : K))
        const options = { ...given(), previousTimestep: 9 }
        const { prevSample } = scheduler.purityStep(
          GpuTensor.from(device, data, [2, N, K]),
          15,
          scheduler.uploadTokens(start, [2, N]),
          options,
        )
        const tokens = await prevSample.read()
        const want = twin.purityStep(new CpuTensor(data, [2, N, K]), 15, new CpuTensor(start, [2, N]), {
          ...given(),
          previousTimestep: 9,
        })
        expect(tokens).toEqual(want.prevSample.data)
        const count = (item: number) => tokens.slice(item * N, (item + 1) * N).filter((token) => token < K).length
        revealed.push([count(0), count(1)])
      }
      expect(revealed).toEqual([
        [1, 6],
        [14, 16],
        [16, 16],
        [16, 16],
        [16, 16],
      ])
    },
  )

  gpuTest(device, 'chooses by weight: the first of three tokens in proportion to their purity (α = 1e-6)', async () => {
    // One class has the probability p, the others share 1 − p: purities 1, 0.5, 0.25 relative to the highest.
    const [B, N] = [2 ** 12, 3]
    const tops = [0.8, 0.4, 0.2]
    const rows = tops.map((p) => Float32Array.from({ length: K }, (_, k) => Math.log(k === 0 ? p : (1 - p) / (K - 1))))
    const data = new Float32Array(B * N * K)
    for (let i = 0; i < B * N; i++) data.set(rows[i % N]!, i * K)
    const modelOutput = GpuTensor.from(device, data, [B, N, K])
    for (const byPurity of [true, false]) {
      const sample = scheduler.initialSample([B, N], { start: 'mask' })
      // At u = 12 of 20 the schedule expects 3·(1 − 0.63) ≈ 1 token to be revealed.
      const { prevSample } = scheduler.purityStep(modelOutput, 19, sample, {
        generator: new RandomGenerator(9),
        layout: 'pixel-major',
        previousTimestep: 12,
        byPurity,
      })
      const tokens = await prevSample.read()
      const counts = new Uint32Array(N)
      tokens.forEach((token, i) => {
        if (token < K) counts[i % N]!++
      })
      expect(counts.reduce((a, b) => a + b)).toBe(B)
      const law = byPurity ? [4 / 7, 2 / 7, 1 / 7] : [1 / 3, 1 / 3, 1 / 3]
      checkLaw(byPurity ? 'by purity' : 'uniformly', counts, law)
    }
  })

  gpuTest(device, 'sharpens: p^(1 + r π) (2¹⁶ draws, α = 1e-6)', async () => {
    const [B, N] = [2 ** 6, 2 ** 10]
    const p = [0.4, 0.3, 0.1, ...Array.from({ length: K - 3 }, () => 0.2 / (K - 3))]
    const data = repeated(p.map(Math.log), B * N, 'pixel-major')
    const sample = scheduler.initialSample([B, N], { start: 'mask' })
    const { prevSample } = scheduler.purityStep(GpuTensor.from(device, data, [B, N, K]), 19, sample, {
      generator: new RandomGenerator(10),
      layout: 'pixel-major',
      previousTimestep: 0,
      priorWeight: 2,
    })
    const sharpened = p.map((value) => value ** 3) // all columns are the same, so π = 1
    const total = sharpened.reduce((a, b) => a + b)
    const law = sharpened.map((value) => value / total)
    checkLaw('x₀', countTokens(await prevSample.read(), K), law)
  })

  gpuTest(device, 'sharpens nothing if tokens are chosen with equal weights, whatever the prior weight', async () => {
    const N = 40
    const data = pseudoLogits(K * N, 5)
    const draw = async (priorWeight: number) => {
      const given = () => ({ generator: new RandomGenerator(4), previousTimestep: 0, byPurity: false, priorWeight })
      const rule = { byPurity: false, priorWeight }
      const [logits, masks] = [
        GpuTensor.from(device, data, [1, K, N]),
        scheduler.initialSample([1, N], { start: 'mask' }),
      ]
      const [twinLogits, twinMasks] = [new CpuTensor(data, [1, K, N]), twin.initialSample([1, N], { start: 'mask' })]
      const dense = scheduler.purityPrior(logits, masks, rule)
      return {
        tokens: await scheduler.purityStep(logits, 19, masks, given()).prevSample.read(),
        twinTokens: twin.purityStep(twinLogits, 19, twinMasks, given()).prevSample.data,
        logProb: await dense.logProb.read(),
        weight: await dense.selectionWeight.read(),
        twinLogProb: twin.purityPrior(twinLogits, twinMasks, rule).logProb.data,
      }
    }
    const [plain, weighted] = [await draw(0), await draw(3)]
    expect(weighted).toEqual(plain)
    expect(plain.tokens).toEqual(plain.twinTokens)
    expect(new Set(plain.weight)).toEqual(new Set([1]))
  })

  gpuTest(device, 'counts an invalid column once, and never reveals its token', async () => {
    const N = 8
    const data = pseudoLogits(N * K, 3)
    data[2 * K] = Number.NaN
    const sample = scheduler.initialSample([1, N], { start: 'mask' })
    const { prevSample } = scheduler.purityStep(GpuTensor.from(device, data, [1, N, K]), 19, sample, {
      generator: new RandomGenerator(1),
      layout: 'pixel-major',
      previousTimestep: 0,
    })
    const tokens = await prevSample.read()
    expect([...tokens].filter((token) => token === K)).toHaveLength(1)
    expect(tokens[2]).toBe(K)
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 1, impossibleTokens: 0 })
  })

  it('refuses a negative prior weight', () => {
    const sample = scheduler.emptyTokens([1, 2])
    const logits = GpuTensor.empty(device, [1, K, 2], 'f32')
    const generator = new RandomGenerator(1)
    expect(() => scheduler.purityStep(logits, 5, sample, { generator, priorWeight: -1 })).toThrow(OptionError)
  })
})
