import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { checkClose } from '../support/checks'
import { gpuTest } from '../support/gpu'
import { pseudoLogits, pseudoTokens, pseudoUniforms } from '../support/inputs'
import { columnsShape, layouts } from '../support/layouts'

const device = await requestDevice()
const [K, N] = [37, 30]
const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
const twin = await CpuScheduler.create({ num_vec_classes: K + 1 })
const tokens = pseudoTokens(2 * N, K, 0.5, 1)
const sample = scheduler.uploadTokens(tokens, [2, N])

describe('diagnostics', () => {
  for (const layout of layouts)
    for (const previousTimestep of [30, -1])
      gpuTest(device, `equal the twin’s, ${layout}, previous timestep ${previousTimestep}`, async () => {
        const shape = columnsShape(layout, [4, K, N])
        const data = pseudoLogits(4 * K * N, 1)
        data[3] = -Infinity
        data[2 * K * N + 3] = -Infinity
        data[2 * K * N + 8] = Number.NaN
        const options = { layout, previousTimestep, guidance: { scale: 2 }, diagnostics: true }
        const got = scheduler.step(GpuTensor.from(device, data, shape), 60, sample, {
          ...options,
          generator: new RandomGenerator(1),
        })
        const want = twin.step(new CpuTensor(data, shape), 60, new CpuTensor(tokens, [2, N]), {
          ...options,
          generator: new RandomGenerator(1),
        })
        for (const name of ['entropy', 'topProbability'] as const) {
          const values = { data: Float32Array.from(want.diagnostics![name].data), shape: [2, N] }
          checkClose(name, await got.diagnostics![name].read(), values, { atol: 1e-5, rtol: 1e-5 })
        }
        const counts = await got.diagnostics!.counts.read()
        expect([...counts]).toEqual([...want.diagnostics!.counts.data])
        // A step that can settle tokens reads some columns; the last reads them all.
        if (previousTimestep === -1) expect(counts[1]).toBe(2 * N)
        else expect(counts[1]).toBeLessThan(2 * N)
        await scheduler.readFaults()
      })

  gpuTest(device, 'count the columns read for x_u: those read for x₀ add none, known tokens need none', async () => {
    const data = pseudoLogits(2 * K * N, 4)
    const clean = pseudoTokens(2 * N, K, 0, 5)
    const columnsRead = async (share: number, predOriginalSample: boolean) => {
      const mask = pseudoUniforms(2 * N, 6).map((uniform) => Number(uniform < share))
      const options = () => ({
        previousTimestep: 30,
        diagnostics: true,
        predOriginalSample,
        generator: new RandomGenerator(1),
      })
      const known = {
        tokens: scheduler.uploadTokens(clean, [2, N]),
        mask: scheduler.uploadTokens(mask, [2, N]),
      }
      const twinKnown = { tokens: twin.uploadTokens(clean, [2, N]), mask: twin.uploadTokens(mask, [2, N]) }
      const logits = GpuTensor.from(device, data, [2, K, N])
      const got = scheduler.step(logits, 60, sample, { ...options(), ...(share > 0 && { known }) })
      const want = twin.step(new CpuTensor(data, [2, K, N]), 60, new CpuTensor(tokens, [2, N]), {
        ...options(),
        ...(share > 0 && { known: twinKnown }),
      })
      const counts = [...(await got.diagnostics!.counts.read())]
      expect(counts).toEqual([...want.diagnostics!.counts.data])
      return counts[1]!
    }
    const all = await columnsRead(0, false)
    expect(all).toBeGreaterThan(0)
    expect(await columnsRead(0, true)).toBe(all)
    const some = await columnsRead(0.5, false)
    expect(some).toBeGreaterThan(0)
    expect(some).toBeLessThan(all)
    expect(await columnsRead(0.5, true)).toBe(some)
    expect(await columnsRead(1, true)).toBe(0)
  })

  gpuTest(device, 'are the same whether steps are recorded into one encoder or submitted one by one', async () => {
    const logits = GpuTensor.from(device, pseudoLogits(2 * K * N, 2), [2, K, N])
    const chain = async (encoder?: GPUCommandEncoder) => {
      const options = { generator: new RandomGenerator(1), diagnostics: scheduler.emptyDiagnostics([2, N]) }
      const given = encoder ? { ...options, encoder } : options
      const first = scheduler.step(logits, 60, sample, { ...given, previousTimestep: 30 })
      scheduler.step(logits, 30, first.prevSample, { ...given, previousTimestep: 10 })
      if (encoder) device.queue.submit([encoder.finish()])
      return [...(await options.diagnostics.counts.read())]
    }
    const want = await chain()
    expect(want[1]).toBeGreaterThan(0)
    expect(await chain(device.createCommandEncoder({ label: 'test/encoder' }))).toEqual(want)
  })

  gpuTest(device, 'are log K and 1/K of a flat column, 0 and 1 of a certain one', async () => {
    const data = new Float32Array(2 * N * K)
    data.fill(-Infinity, 0, K)
    data[5] = 2
    const { diagnostics } = scheduler.step(GpuTensor.from(device, data, [2, N, K]), 60, sample, {
      layout: 'pixel-major',
      previousTimestep: 30,
      generator: new RandomGenerator(1),
      diagnostics: true,
    })
    const [entropy, top] = [await diagnostics!.entropy.read(), await diagnostics!.topProbability.read()]
    expect(entropy[0]).toBeCloseTo(0, 6)
    expect(top[0]).toBeCloseTo(1, 6)
    expect(entropy[1]).toBeCloseTo(Math.log(K), 5)
    expect(top[1]).toBeCloseTo(1 / K, 6)
  })
})
