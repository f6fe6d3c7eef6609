import { RandomGenerator } from 'vq-diffusion-webgpu'
import { type Creations, watchCreations } from '../../test/support/device_watch'
import type { Figures } from '../report/results'
import { spread } from '../report/statistics'
import type { Clock } from './clock'
import { SizeData } from './data'
import { allSizes, caseText } from './plan'

/** The smallest case: a software adapter takes the processor away from the calling thread. */
const one = { ...allSizes[0]!, layout: 'pixel-major', dtype: 'f32', mode: 'plain' } as const
const chains = 30
const numInferenceSteps = 100

/** What a call of `step` costs the calling thread, and what it creates on the device. */
export async function hostFigures(device: GPUDevice, clock: Clock): Promise<Figures> {
  const source = await SizeData.create(device, one)
  const { scheduler } = source
  const { conditional } = await source.load(one, clock)
  scheduler.setTimesteps(numInferenceSteps)
  const generator = new RandomGenerator(1)
  // Two samples in turn, as in the pipeline.
  const samples = [scheduler.initialSample([one.B, one.N], { generator }), scheduler.emptyTokens([one.B, one.N])]
  const steps = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const options = { generator, layout: one.layout, out: samples[(i + 1) % 2]! }
      scheduler.step(conditional, scheduler.timesteps[i]!, samples[i % 2]!, options)
    }
  }
  // The second step is the first that goes from the second sample to the first.
  const [first, second] = [watchCreations(device, () => steps(0, 1)), watchCreations(device, () => steps(1, 2))]
  const others = watchCreations(device, () => steps(2, numInferenceSteps))
  const milliseconds: number[] = []
  for (let i = 0; i < chains; i++) {
    await scheduler.finished()
    const begun = performance.now()
    steps(0, numInferenceSteps)
    milliseconds.push((performance.now() - begun) / numInferenceSteps)
  }
  await scheduler.finished()
  for (const resource of [...samples, source]) resource.destroy()
  const { median, p10, p90 } = spread(milliseconds)
  const about = `${caseText(one)}, ${numInferenceSteps} calls without waiting`
  const made = `the first call made ${text(first)}, the second ${text(second)}, all others together ${text(others)}`
  const total = Object.values(others).reduce((sum, count) => sum + count, 0)
  return {
    host_ms_per_step: { value: median, note: `${about}; p10 – p90 ${p10.toFixed(3)} – ${p90.toFixed(3)}` },
    gpu_objects_per_step: { value: total / (numInferenceSteps - 2), note: `${about}; ${made}` },
  }
}

function text(created: Creations): string {
  const parts = Object.entries(created).map(([method, count]) => `${count} by ${method}`)
  return parts.join(', ') || 'nothing'
}
