import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { watchCreations } from '../bench/device_watch'
import { layouts } from './conformance/layouts'
import { gpuTest, pseudoLogits, pseudoTokens } from './gpu'

const device = await requestDevice()
const [K, N] = [36, 50]
const options = { num_vec_classes: K + 1, num_train_timesteps: 20, gamma_cum_end: 0.9 }
const scheduler = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)

/** The same values on both engines. */
function pair(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]) {
  return { gpu: GpuTensor.from(device, data as Float32Array, shape), twin: new CpuTensor(data, shape) }
}
const sample = pair(pseudoTokens(N, K, 0.5, 1), [1, N])
const tokens = pair(pseudoTokens(N, K, 0, 2), [1, N])
const mask = pair(pseudoTokens(N, 2, 0, 3), [1, N])

describe('a scheduler that has steps of many kinds', () => {
  gpuTest(device, 'draws in each what the twin does, whichever came before', async () => {
    for (const round of [1, 2])
      for (const layout of layouts) {
        const shape = layout === 'class-major' ? [1, K, N] : [1, N, K]
        const [logits, other] = [pair(pseudoLogits(K * N, 4), shape), pair(pseudoLogits(K * N, 5), shape)]
        const of = (engine: 'gpu' | 'twin') => {
          const guidance = { scale: 2, unconditional: other[engine] }
          const known = { tokens: tokens[engine], mask: mask[engine] }
          const everything = { guidance, truncationRate: 0.7, known, diagnostics: true, predOriginalSample: true }
          const single = Object.entries(everything).map(([name, value]) => ({ [name]: value }))
          return [{}, ...single, everything]
        }
        const [gpuKinds, twinKinds] = [of('gpu'), of('twin')]
        for (const previousTimestep of [4, -1])
          for (const [i, kind] of gpuKinds.entries()) {
            const seeded = () => ({ layout, previousTimestep, generator: new RandomGenerator(round) })
            const got = scheduler.step(logits.gpu, 9, sample.gpu, { ...seeded(), ...(kind as object) })
            const want = twin.step(logits.twin, 9, sample.twin, { ...seeded(), ...(twinKinds[i] as object) })
            const about = `round ${round}, ${layout}, to ${previousTimestep}, ${Object.keys(kind)}`
            expect(await got.prevSample.read(), about).toEqual(want.prevSample.data)
            expect(await got.predOriginalSample?.read(), about).toEqual(want.predOriginalSample?.data)
            expect(await got.diagnostics?.counts.read(), about).toEqual(want.diagnostics?.counts.data)
          }
      }
  })
})

describe('a chain', () => {
  const logits = GpuTensor.from(device, pseudoLogits(K * N, 6), [1, K, N])
  const samples = [sample.gpu, scheduler.emptyTokens([1, N])]

  gpuTest(device, 'makes nothing on the device from its third step on, if its kind was prepared', async () => {
    scheduler.setTimesteps(10)
    const generator = new RandomGenerator(1)
    const unconditional = GpuTensor.from(device, pseudoLogits(K * N, 7), [1, K, N])
    const diagnostics = scheduler.emptyDiagnostics([1, N])
    const guidance = { scale: 2, unconditional }
    for (const more of [{}, { guidance, truncationRate: 0.7 }, { guidance, diagnostics }]) {
      const groups = 'diagnostics' in more ? 4 : 2 // two dispatches a step
      await scheduler.prepare(more)
      const steps = (from: number, to: number) => {
        for (let i = from; i < to; i++) {
          const [x, out] = [samples[i % 2]!, samples[(i + 1) % 2]!]
          scheduler.step(logits, scheduler.timesteps[i]!, x, { ...more, generator, out })
        }
      }
      expect(watchCreations(device, () => steps(0, 2))).toEqual({ createBindGroup: groups })
      expect(watchCreations(device, () => steps(2, 10))).toEqual({})
    }
  })

  gpuTest(device, 'keeps the bind groups that were used last', async () => {
    const outs = Array.from({ length: 65 }, () => scheduler.emptyTokens([1, N]))
    const created = (out: GpuTensor) =>
      watchCreations(device, () => scheduler.step(logits, 9, sample.gpu, { generator: new RandomGenerator(2), out }))
    for (const out of outs.slice(0, 64)) expect(created(out)).toEqual({ createBindGroup: 1 })
    expect(created(outs[0]!)).toEqual({})
    expect(created(outs[64]!)).toEqual({ createBindGroup: 1 })
    expect(created(outs[0]!)).toEqual({})
    expect(created(outs[1]!)).toEqual({ createBindGroup: 1 })
    const want = await outs[0]!.read()
    for (const out of outs) expect(await out.read()).toEqual(want)
  })
})
