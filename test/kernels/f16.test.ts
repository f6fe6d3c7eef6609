import { describe, expect } from 'vitest'
import { GpuTensor, type Layout, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { gpuTest, pseudoLogits, pseudoTokens } from './gpu'

const device = await requestDevice()
const [K, N] = [37, 21] // odd: halves do not begin at a word
const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1 })
const sample = scheduler.uploadTokens(pseudoTokens(2 * N, K, 0.6, 3), [2, N])

/** The same values as halves and as floats. */
function both(data: Float32Array, shape: number[]): { f16: GpuTensor; f32: GpuTensor } {
  const halves = new Float16Array(data)
  return {
    f16: GpuTensor.from(device, new Uint16Array(halves.buffer), shape),
    f32: GpuTensor.from(device, new Float32Array(halves), shape),
  }
}

/** f16 logits are widened exactly, so everything equals f32 logits of the same values, to the bit. */
describe('f16 logits give what the same values in f32 give', () => {
  const logits = both(pseudoLogits(4 * K * N, 1, 20), [4, K, N])
  const special = pseudoLogits(2 * K * N, 2)
  special.set([-Infinity, Number.NaN, Infinity, 6e-8, -0, 65504], 5)
  const odd = both(special, [2, K, N])

  for (const layout of ['class-major', 'pixel-major'] as Layout[])
    gpuTest(device, `step, guided and truncated, ${layout}`, async () => {
      const shape = layout === 'class-major' ? [4, K, N] : [4, N, K]
      const { f16, f32 } = both(pseudoLogits(4 * K * N, 1, 20), shape)
      const draw = (tensor: GpuTensor) =>
        scheduler.step(tensor, 60, sample, {
          ...{ generator: new RandomGenerator(1), layout, previousTimestep: 10 },
          ...{ guidance: { scale: 3 }, truncationRate: 0.9, predOriginalSample: true },
        })
      const [half, full] = [draw(f16), draw(f32)]
      expect(await half.prevSample.read()).toEqual(await full.prevSample.read())
      expect(await half.predOriginalSample!.read()).toEqual(await full.predOriginalSample!.read())
    })

  gpuTest(device, 'step with a second half at an odd element', async () => {
    const draw = (tensor: GpuTensor) =>
      scheduler.step(tensor.slice(1, 3), 9, sample, { generator: new RandomGenerator(1), previousTimestep: -1 })
        .prevSample
    expect(await draw(logits.f16).read()).toEqual(await draw(logits.f32).read())
  })

  gpuTest(device, 'step with supplied noise', async () => {
    const noise = GpuTensor.from(
      device,
      pseudoLogits(2 * (K + 1) * N, 5, 1).map((u) => u + 0.5),
      [2, K + 1, N],
    )
    const draw = (tensor: GpuTensor) =>
      scheduler.step(tensor.slice(0, 2), 40, sample, { noise, previousTimestep: 39 }).prevSample
    expect(await draw(logits.f16).read()).toEqual(await draw(logits.f32).read())
  })

  gpuTest(device, 'dense operators, with NaN, infinities, subnormals and the largest half', async () => {
    const uniforms = GpuTensor.from(
      device,
      pseudoLogits(2 * K * N, 6, 1).map((u) => u + 0.5),
      [2, K, N],
    )
    for (const run of [
      (tensor: GpuTensor) => scheduler.qPosterior(tensor, sample, 30),
      (tensor: GpuTensor) => scheduler.logPX0(tensor, { truncationRate: 0.8 }),
      (tensor: GpuTensor) => scheduler.applyCumulativeTransitions(tensor, 30),
      (tensor: GpuTensor) => scheduler.purityPrior(tensor, sample, { priorWeight: 1 }).logProb,
      (tensor: GpuTensor) => scheduler.gumbelNoised(tensor, uniforms),
    ])
      expect(await run(odd.f16).read()).toEqual(await run(odd.f32).read())
  })

  gpuTest(device, 'worthless columns are counted alike', async () => {
    const count = async (tensor: GpuTensor) => {
      await scheduler.readFaults()
      scheduler.step(tensor, 9, sample, { generator: new RandomGenerator(1), previousTimestep: -1 })
      return scheduler.readFaults()
    }
    const want = await count(odd.f32)
    expect(want.invalidColumns).toBe(2)
    expect(await count(odd.f16)).toEqual(want)
  })
})
