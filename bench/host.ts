import { RandomGenerator, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { totalCreated, watchCreations } from './device_watch'
import type { Figures } from './results'
import { SizeData } from './size_data'
import { namedSizes, sizeText } from './sizes'
import { spread } from './statistics'

/** The smallest that is measured anywhere: a software adapter takes the processor away from the calling thread. */
const size = namedSizes.all![0]!
const chains = 30
const numInferenceSteps = 100

/** What a call of `step` costs the calling thread, and what it makes on the device. */
export async function hostFigures(device: GPUDevice): Promise<Figures> {
  const { batchSize, numVecClasses, numLatentPixels } = size
  const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: numVecClasses })
  const source = new SizeData(device, size)
  const modelOutput = await source.logits('conditional', 'f32', 'pixel-major')
  scheduler.setTimesteps(numInferenceSteps)
  const generator = new RandomGenerator(1)
  const shape = [batchSize, numLatentPixels] as const
  // Two samples in turn, as the pipeline has them.
  const samples = [scheduler.initialSample(shape, { generator }), scheduler.emptyTokens(shape)]
  /** The steps of a chain from `from` on, none of them awaited. */
  const steps = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const [sample, out] = [samples[i % 2]!, samples[(i + 1) % 2]!]
      scheduler.step(modelOutput, scheduler.timesteps[i]!, sample, { generator, layout: 'pixel-major', out })
    }
  }
  // The second step is the first that goes the other way, from the second sample to the first.
  const [first, second] = [watchCreations(device, () => steps(0, 1)), watchCreations(device, () => steps(1, 2))]
  const rest = watchCreations(device, () => steps(2, numInferenceSteps))
  const milliseconds: number[] = []
  for (let i = 0; i < chains; i++) {
    await scheduler.finished()
    const begun = performance.now()
    steps(0, numInferenceSteps)
    milliseconds.push((performance.now() - begun) / numInferenceSteps)
  }
  await scheduler.finished()
  for (const resource of [...samples, source, scheduler]) resource.destroy()
  const { median, p10, p90 } = spread(milliseconds)
  const about = `${sizeText(size)} pixel-major f32 plain, ${numInferenceSteps} calls without waiting`
  return {
    host_ms_per_step: { value: median, note: `${about}; p10 – p90 ${p10.toFixed(3)} – ${p90.toFixed(3)}` },
    gpu_objects_per_step: {
      value: totalCreated(rest) / (numInferenceSteps - 2),
      note: `${about}; the first call made ${listed(first)}, the second ${listed(second)}, all others together ${listed(rest)}`,
    },
  }
}

function listed(created: Readonly<Record<string, number>>): string {
  const parts = Object.entries(created).map(([method, count]) => `${count} by ${method}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
