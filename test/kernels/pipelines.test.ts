import { describe, expect, vi } from 'vitest'
import { requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { gpuTest } from '../support/gpu'

const device = await requestDevice()

describe('schedulers of the same device', () => {
  gpuTest(device, 'share their pipelines, also those of a destroyed scheduler', async () => {
    const first = await VQDiffusionScheduler.create(device, { num_vec_classes: 9 })
    first.destroy()
    const compile = vi.spyOn(device, 'createComputePipelineAsync')
    const second = await VQDiffusionScheduler.create(device, { num_vec_classes: 9, num_train_timesteps: 10 })
    expect(compile).not.toHaveBeenCalled()
    const sample = second.initialSample([1, 4], { start: 'mask' })
    expect([...(await sample.read())]).toEqual([8, 8, 8, 8])
    const other = await VQDiffusionScheduler.create(device, { num_vec_classes: 10 })
    expect(compile).toHaveBeenCalled()
    compile.mockRestore()
    for (const used of [sample, second, other]) used.destroy()
  })

  gpuTest(device, 'compile a pipeline once if two schedulers that need it are created at the same time', async () => {
    const compile = vi.spyOn(device, 'createComputePipelineAsync')
    const create = () => VQDiffusionScheduler.create(device, { num_vec_classes: 11 })
    const pair = await Promise.all([create(), create()])
    const labels = compile.mock.calls.map(([{ label }]) => label)
    expect(new Set(labels).size).toBe(labels.length)
    compile.mockRestore()
    for (const scheduler of pair) scheduler.destroy()
  })
})
