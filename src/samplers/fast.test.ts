import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { goldenRuns, repeatRun } from '../../test/support/golden_runs'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import type { Denoiser } from '../pipeline/options'
import { VQDiffusionPipeline } from '../pipeline/pipeline'
import { fast } from './fast'
import { posterior } from './posterior'

const folder = new URL('../../test/fixtures/pipelines/authors/', import.meta.url)
const runs = await goldenRuns(async (name) => new Uint8Array(await readFile(new URL(name, folder))).buffer)

/** The loop of the authors' sample_fast: where the network is asked, and the timestep of the posterior. */
function sampleFast(numTimesteps: number, skipStep: number): { asked: number[]; posteriors: number[] } {
  const asked: number[] = []
  for (let index = numTimesteps - 1; index > -1; index -= 1 + skipStep) asked.push(index)
  if (asked.at(-1) !== 0) asked.push(0)
  return { asked, posteriors: asked.map((index) => (index > skipStep ? index - skipStep : index)) }
}

describe('fast sampling', () => {
  it.each(runs)('draws the tokens of the authors’ code: $name, every $stride. timestep', async (run) => {
    const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 37, num_train_timesteps: 10 })
    const engine = {
      scheduler,
      upload: ({ data, shape }: { data: Float32Array<ArrayBuffer>; shape: readonly number[] }) =>
        new CpuTensor(data, shape),
      read: async (tokens: CpuTensor) => tokens.data,
    }
    const drawn = await repeatRun<CpuTensor>(run, fast.steps(run.timesteps), engine)
    expect(drawn).toEqual(run.steps.map(({ tokens }) => tokens))
    // The exact jumps are others.
    if (run.stride > 1)
      expect(await repeatRun<CpuTensor>(run, posterior.steps(run.timesteps), engine)).not.toEqual(drawn)
  })

  it('takes the posteriors of the authors’ code at every speed below T', () => {
    for (const T of [10, 25, 100])
      for (let skip = 1; skip < Math.min(T - 1, 30); skip++) {
        const { asked, posteriors } = sampleFast(T, skip)
        expect(fast.steps(asked)).toEqual(posteriors.map((t) => ({ t, u: t - 1 })))
      }
  })

  it('of every timestep is the chain of the model', () => {
    const timesteps = Array.from({ length: 12 }, (_, i) => 11 - i)
    expect(fast.steps(timesteps)).toEqual(posterior.steps(timesteps))
  })

  it('ends on clean data from any list', () => {
    expect(fast.steps([9])).toEqual([{ t: 9, u: -1 }])
    expect(fast.steps([17, 4, 3])).toEqual([
      { t: 5, u: 4 },
      { t: 4, u: 3 },
      { t: 3, u: -1 },
    ])
  })

  it('asks the network at the timesteps of the list, and starts from masks', async () => {
    const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 5, num_train_timesteps: 10 })
    const asked: { timestep: number; masks: number }[] = []
    const denoiser: Denoiser<CpuTensor, null> = ({ sample, timestep }) => {
      asked.push({ timestep, masks: sample.data.filter((token) => token === 4).length })
      return new CpuTensor(new Float32Array(4 * 6), [1, 6, 4])
    }
    const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
    const timesteps = [9, 7, 5, 3, 1, 0]
    const { data } = await pipeline.generate({
      method: 'fast',
      timesteps,
      numLatentPixels: 6,
      seed: 1,
      conditioning: null,
    })
    expect(asked.map(({ timestep }) => timestep)).toEqual(timesteps)
    expect(asked[0]!.masks).toBe(6)
    expect(Math.max(...data)).toBeLessThan(4)
  })

  it('has the expectation of the exact chain if it visits every timestep', async () => {
    const scheduler = await VQDiffusionScheduler.create({
      num_vec_classes: 5,
      num_train_timesteps: 10,
      alpha_cum_start: 0.97,
      alpha_cum_end: 0.02,
      gamma_cum_start: 0.01,
      gamma_cum_end: 0.6,
    })
    const all = { numInferenceSteps: 10 }
    for (const options of [{ spacing: 'leading' as const }, { strength: 1 }, { strength: 0.5 }]) {
      const exact = scheduler.expectation({ ...all, ...options })
      const got = scheduler.expectation({ ...all, ...options, method: 'fast' })
      for (const shares of ['masked', 'changed'] as const)
        for (const [i, share] of exact[shares].entries()) expect(got[shares][i]).toBeCloseTo(share, 12)
    }
  })
})
