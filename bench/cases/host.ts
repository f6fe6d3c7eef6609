import { RandomGenerator } from 'vq-diffusion-webgpu'
import { watchCreations } from '../../test/support/device_watch'
import type { Figures } from '../report/results'
import { spread } from '../report/statistics'
import type { Clock } from './clock'
import { withCase } from './data'
import { caseText, smallCase } from './plan'

const chains = 30
const numInferenceSteps = 100

/**
 * What a call of `step` costs the calling thread, and what it creates on the device. In the smallest case, since a software
 * adapter takes the processor away from the calling thread.
 */
export function hostFigures(device: GPUDevice, clock: Clock): Promise<Figures> {
  return withCase(device, clock, smallCase, async ({ scheduler, conditional, layout, B, N, own }) => {
    scheduler.setTimesteps(numInferenceSteps)
    const generator = new RandomGenerator(1)
    // Two samples in turn, as in the pipeline.
    const samples = [own(scheduler.initialSample([B, N], { generator })), own(scheduler.emptyTokens([B, N]))]
    const steps = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        const options = { generator, layout, out: samples[(i + 1) % 2]! }
        scheduler.step(conditional, scheduler.timesteps[i]!, samples[i % 2]!, options)
      }
    }
    // The last step has a kernel of its own.
    await scheduler.prepare({ layout })
    // The second step is the first that goes from the second sample to the first.
    steps(0, 2)
    const created = Object.entries(watchCreations(device, () => steps(2, numInferenceSteps)))
    const milliseconds: number[] = []
    for (let i = 0; i < chains; i++) {
      await scheduler.finished()
      const begun = performance.now()
      steps(0, numInferenceSteps)
      milliseconds.push((performance.now() - begun) / numInferenceSteps)
    }
    await scheduler.finished()
    const { median, p10, p90 } = spread(milliseconds)
    const total = created.reduce((sum, [, count]) => sum + count, 0)
    const about = `${caseText(smallCase)}, ${numInferenceSteps} calls without waiting`
    const calls = created.map(([method, count]) => `${count} × ${method}`).join(', ') || 'nothing'
    return {
      host_ms_per_step: { value: median, note: `${about}; p10 – p90 ${p10.toFixed(3)} – ${p90.toFixed(3)}` },
      gpu_objects_per_step: {
        value: total / (numInferenceSteps - 2),
        note: `${about}; from the third on they made ${calls}`,
      },
    }
  })
}
