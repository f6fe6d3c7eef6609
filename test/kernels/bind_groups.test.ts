import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { watchCreations } from '../support/device_watch'
import { gpuTest } from '../support/gpu'
import { pseudoLogits, pseudoTokens } from '../support/inputs'

const device = await requestDevice()
const [K, N] = [36, 50]
const scheduler = await VQDiffusionScheduler.create(device, {
  num_vec_classes: K + 1,
  num_train_timesteps: 20,
  gamma_cum_end: 0.9,
})
const sample = scheduler.uploadTokens(pseudoTokens(N, K, 0.5, 1), [1, N])
const logits = GpuTensor.from(device, pseudoLogits(K * N, 6), [1, K, N])

describe('a chain', () => {
  gpuTest(device, 'creates no WebGPU object from its third step on, if its kind of step was prepared', async () => {
    scheduler.setTimesteps(10)
    const generator = new RandomGenerator(1)
    const samples = [sample, scheduler.emptyTokens([1, N])]
    const unconditional = GpuTensor.from(device, pseudoLogits(K * N, 7), [1, K, N])
    const diagnostics = scheduler.emptyDiagnostics([1, N])
    const guidance = { scale: 2, unconditional }
    // A scheduler creates its parameter buffers at its first step.
    scheduler.step(logits, 9, sample, { previousTimestep: 7, generator, diagnostics: true })
    for (const more of [{}, { guidance, truncationRate: 0.7 }, { guidance, diagnostics }]) {
      // The dispatch for each of two samples; of the diagnostics, one dispatch that depends on the sample and one that does not.
      const groups = 'diagnostics' in more ? 3 : 2
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
      watchCreations(device, () => scheduler.step(logits, 9, sample, { generator: new RandomGenerator(2), out }))
    for (const out of outs.slice(0, 64)) expect(created(out)).toEqual({ createBindGroup: 1 })
    expect(created(outs[0]!)).toEqual({})
    expect(created(outs[64]!)).toEqual({ createBindGroup: 1 })
    expect(created(outs[0]!)).toEqual({})
    expect(created(outs[1]!)).toEqual({ createBindGroup: 1 })
    const want = await outs[0]!.read()
    for (const out of outs) expect(await out.read()).toEqual(want)
  })
})
