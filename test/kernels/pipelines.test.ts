import { describe, expect, vi } from 'vitest'
import { GpuTensor, requestDevice, VQDiffusionPipeline, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
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

  gpuTest(device, 'compile nothing after the first step, though only later steps are guided', async () => {
    const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 12 })
    const compile = ['createComputePipelineAsync', 'createComputePipeline'] as const
    const spies = compile.map((method) => vi.spyOn(device, method))
    const tensors: GpuTensor[] = []
    const denoiser = ({ guided }: { guided: boolean }) => {
      tensors.push(GpuTensor.from(device, new Float32Array((guided ? 2 : 1) * 44), [guided ? 2 : 1, 4, 11]))
      return tensors.at(-1)!
    }
    const pipeline = new VQDiffusionPipeline({ scheduler, denoiser, layout: 'pixel-major' })
    const chain = { numLatentPixels: 4, numInferenceSteps: 4, seed: 1, guidanceScale: 2, truncationRate: 0.9 }
    const compiled: number[] = []
    for await (const _ of pipeline.sample({ ...chain, guidanceInterval: [0, 50], conditioning: null }))
      compiled.push(spies.reduce((count, { mock }) => count + mock.calls.length, 0))
    expect(compiled[0]).toBeGreaterThan(0)
    expect(new Set(compiled).size).toBe(1)
    expect(tensors.map(({ shape }) => shape[0])).toEqual([1, 1, 2, 2])
    for (const spy of spies) spy.mockRestore()
    for (const tensor of [...tensors, scheduler]) tensor.destroy()
  })

  gpuTest(device, 'compile a step when it is prepared, not before', async () => {
    const compile = vi.spyOn(device, 'createComputePipelineAsync')
    const labels = () => compile.mock.calls.map(([{ label }]) => label!.split('/')[1])
    const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 13 })
    expect(labels()).toEqual(['initial_sample'])
    await scheduler.prepare({ layout: 'pixel-major' })
    expect(new Set(labels())).toEqual(new Set(['initial_sample', 'step']))
    compile.mockRestore()
    scheduler.destroy()
  })
})
