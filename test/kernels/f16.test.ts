import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../support/gpu'
import { pseudoLogits, pseudoTokens, pseudoUniforms } from '../support/inputs'
import { columnsShape, layouts } from '../support/layouts'

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

/** Widening an f16 is exact, so results are bit-equal to those of f32 logits of the same values. */
describe('f16 logits give the results of the same values in f32:', () => {
  const logits = both(pseudoLogits(4 * K * N, 1, 20), [4, K, N])
  const special = pseudoLogits(2 * K * N, 2)
  special.set([-Infinity, Number.NaN, Infinity, 6e-8, -0, 65504], 5)
  const odd = both(special, [2, K, N])

  for (const layout of layouts)
    gpuTest(device, `step, guided and truncated, ${layout}`, async () => {
      const { f16, f32 } = both(pseudoLogits(4 * K * N, 1, 20), columnsShape(layout, [4, K, N]))
      const draw = (tensor: GpuTensor) =>
        scheduler.step(tensor, 60, sample, {
          generator: new RandomGenerator(1),
          layout,
          previousTimestep: 10,
          guidance: { scale: 3 },
          truncationRate: 0.9,
          predOriginalSample: true,
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
    const noise = GpuTensor.from(device, pseudoUniforms(2 * (K + 1) * N, 5), [2, K + 1, N])
    const draw = (tensor: GpuTensor) =>
      scheduler.step(tensor.slice(0, 2), 40, sample, { noise, previousTimestep: 39 }).prevSample
    expect(await draw(logits.f16).read()).toEqual(await draw(logits.f32).read())
  })

  gpuTest(device, 'dense operators, with NaN, infinities, subnormals and the largest half', async () => {
    const uniforms = GpuTensor.from(device, pseudoUniforms(2 * K * N, 6), [2, K, N])
    for (const run of [
      (tensor: GpuTensor) => scheduler.qPosterior(tensor, sample, 30),
      (tensor: GpuTensor) => scheduler.logPX0(tensor, { truncationRate: 0.8 }),
      (tensor: GpuTensor) => scheduler.applyCumulativeTransitions(tensor, 30),
      (tensor: GpuTensor) => scheduler.purityPrior(tensor, sample, { priorWeight: 1 }).logProb,
      (tensor: GpuTensor) => scheduler.gumbelNoised(tensor, uniforms),
    ])
      expect(await run(odd.f16).read()).toEqual(await run(odd.f32).read())
  })

  gpuTest(device, 'given as a Float16Array, also on the twin', async () => {
    const twin = await CpuScheduler.create({ num_vec_classes: K + 1 })
    const halves = new Float16Array(pseudoLogits(2 * K * N, 1, 20))
    const x = pseudoTokens(2 * N, K, 0.6, 3)
    const options = () => ({ generator: new RandomGenerator(1), previousTimestep: 10 })
    const tensor = GpuTensor.from(device, halves, [2, K, N])
    expect(tensor.dtype).toBe('f16')
    expect(await tensor.read()).toEqual(new Uint16Array(halves.buffer))
    const onGpu = scheduler.step(tensor, 60, sample, options())
    const onCpu = twin.step(new CpuTensor(halves, [2, K, N]), 60, new CpuTensor(x, [2, N]), options())
    const asFloats = twin.step(
      new CpuTensor(new Float64Array(halves), [2, K, N]),
      60,
      new CpuTensor(x, [2, N]),
      options(),
    )
    expect(onCpu.prevSample.data).toEqual(asFloats.prevSample.data)
    expect(await onGpu.prevSample.read()).toEqual(onCpu.prevSample.data)
  })

  gpuTest(device, 'invalid columns are counted', async () => {
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
