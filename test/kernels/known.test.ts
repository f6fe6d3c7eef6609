import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../support/gpu'
import { pseudoLogits, pseudoTokens } from '../support/inputs'
import { checkLaw, countTokens } from '../support/statistics'

const device = await requestDevice()
const options = { num_vec_classes: 12, num_train_timesteps: 20, gamma_cum_end: 0.8 }
const scheduler = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)
scheduler.setTimesteps(6)
twin.setTimesteps(6)
const [K, N] = [11, 40]

describe('known pixels', () => {
  const tokens = pseudoTokens(2 * N, K, 0, 1)
  const mask = Uint32Array.from({ length: 2 * N }, (_, i) => (i % 3 === 0 ? 1 : 0))
  const known = { tokens: scheduler.uploadTokens(tokens, [2, N]), mask: GpuTensor.from(device, mask, [2, N]) }
  const twinKnown = { tokens: new CpuTensor(tokens, [2, N]), mask: new CpuTensor(mask, [2, N]) }

  for (const predOriginalSample of [false, true])
    gpuTest(
      device,
      `of a chain equal the twin’s, and the known tokens at its end, predOriginalSample: ${predOriginalSample}`,
      async () => {
        const [generator, twinGenerator] = [new RandomGenerator(4), new RandomGenerator(4)]
        let sample: GpuTensor = scheduler.initialSample([2, N], { generator })
        let twinSample: CpuTensor = twin.initialSample([2, N], { generator: twinGenerator })
        for (const t of scheduler.timesteps) {
          const data = pseudoLogits(2 * K * N, t)
          const logits = GpuTensor.from(device, data, [2, K, N])
          const got = scheduler.step(logits, t, sample, { generator, known, predOriginalSample })
          const want = twin.step(new CpuTensor(data, [2, K, N]), t, twinSample, {
            generator: twinGenerator,
            known: twinKnown,
            predOriginalSample,
          })
          sample = got.prevSample
          twinSample = want.prevSample
          expect(await sample.read()).toEqual(twinSample.data)
          if (predOriginalSample) {
            const x0 = await got.predOriginalSample!.read()
            expect(x0).toEqual(want.predOriginalSample!.data)
            expect(x0.filter((_, i) => mask[i])).toEqual(tokens.filter((_, i) => mask[i]))
          }
        }
        const final = await sample.read()
        expect(final.filter((_, i) => mask[i])).toEqual(tokens.filter((_, i) => mask[i]))
      },
    )

  gpuTest(device, 'do not change the other pixels', async () => {
    const logits = GpuTensor.from(device, pseudoLogits(2 * K * N, 7), [2, K, N])
    const sample = scheduler.uploadTokens(pseudoTokens(2 * N, K, 0.5, 8), [2, N])
    const t = scheduler.timesteps[2]!
    const free = await scheduler.step(logits, t, sample, { generator: new RandomGenerator(1) }).prevSample.read()
    const held = await scheduler.step(logits, t, sample, { generator: new RandomGenerator(1), known }).prevSample.read()
    expect(held.filter((_, i) => !mask[i])).toEqual(free.filter((_, i) => !mask[i]))
  })

  gpuTest(device, 'have the law q(x_u | x₀) (2¹⁷ draws, α = 1e-6)', async () => {
    const draws = 2 ** 17
    const given = {
      tokens: scheduler.uploadTokens(new Uint32Array(draws).fill(3), [1, draws]),
      mask: GpuTensor.from(device, new Uint32Array(draws).fill(1), [1, draws]),
    }
    const logits = GpuTensor.from(device, new Float32Array(K * draws), [1, K, draws])
    const sample = scheduler.initialSample([1, draws], { start: 'mask' })
    for (const u of [14, 5, 0]) {
      const { prevSample } = scheduler.step(logits, 19, sample, {
        generator: new RandomGenerator(2),
        known: given,
        previousTimestep: u,
      })
      const [keep, replace, masked] = [scheduler.logCumprodAt, scheduler.logCumprodBt, scheduler.logCumprodCt].map(
        (log) => Math.exp(log[u]!),
      )
      const law = Array.from({ length: K + 1 }, (_, k) => (k === K ? masked! : replace! + (k === 3 ? keep! : 0)))
      checkLaw(`u = ${u}`, countTokens(await prevSample.read(), K + 1), law)
    }
  })
})
