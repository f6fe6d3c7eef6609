import { expect } from 'vitest'
import { GpuTensor, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { goldenRuns, repeatRun } from '../../test/support/golden_runs'
import { gpuTest } from '../../test/support/gpu'
import { fast } from './fast'

const device = await requestDevice()
const runs = await goldenRuns(async (name) => (await fetch(`/test/fixtures/pipelines/authors/${name}`)).arrayBuffer())

gpuTest(device, 'draws the tokens of the authors’ code, at every timestep and by their fast sampling', async () => {
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: 37, num_train_timesteps: 10 })
  for (const run of runs) {
    const drawn = await repeatRun<GpuTensor>(run, fast.steps(run.timesteps), {
      scheduler,
      upload: ({ data, shape }) => GpuTensor.from(device, data, shape),
      read: (tokens) => tokens.read() as Promise<Uint32Array>,
    })
    expect(drawn, run.name).toEqual(run.steps.map(({ tokens }) => tokens))
  }
})
