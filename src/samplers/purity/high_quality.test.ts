import { describe, expect, it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from '../../cpu'
import type { Denoiser, SampleOptions } from '../../pipeline/options'
import { VQDiffusionPipeline } from '../../pipeline/pipeline'
import { createSchedule } from '../../process/schedule'
import { purityQuota } from './purity'

const [K, N, T] = [7, 64, 12]
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, num_train_timesteps: T })

/** A network of different certainty everywhere; notes the timesteps, and the masks of each item, that it is asked about. */
function watched() {
  const asked: { timestep: number; masks: number[] }[] = []
  const denoiser: Denoiser<CpuTensor, null> = ({ sample, timestep }) => {
    const items = Array.from({ length: sample.size / N }, (_, item) => sample.data.slice(item * N, (item + 1) * N))
    asked.push({ timestep, masks: items.map((tokens) => tokens.filter((token) => token === K).length) })
    const data = Float32Array.from({ length: sample.size * K }, (_, i) => 5 * Math.sin(i * 12.9 + timestep))
    return new CpuTensor(data, [...sample.shape, K])
  }
  return { asked, pipeline: new VQDiffusionPipeline({ scheduler, denoiser }) }
}

async function askedIn(options: Partial<SampleOptions<null, CpuTensor>>) {
  const { asked, pipeline } = watched()
  const tokens = await pipeline.generate({ method: 'purity', seed: 3, conditioning: null, ...options })
  expect(Math.max(...tokens.data)).toBeLessThan(K)
  return asked
}

/**
 * The loop of the authors' sample and p_sample with prior_rule > 0, for one item: the timestep and the masks of each call of
 * the network.
 *
 * @param nSample tokens to reveal, by place in the list of timesteps
 */
function highQuality(timesteps: readonly number[], nSample: readonly number[], priorPs: number) {
  const asked: { timestep: number; masks: number[] }[] = []
  let masks = N
  for (const [place, timestep] of timesteps.entries()) {
    if (place === timesteps.length - 1) {
      asked.push({ timestep, masks: [masks] })
      continue
    }
    const toSample = nSample[place]!
    let sampled = 0
    while (sampled < toSample) {
      asked.push({ timestep, masks: [masks] })
      let n = Math.min(toSample - sampled, priorPs)
      if (toSample - sampled - n === 1) n = toSample - sampled
      sampled += n
      masks -= n
    }
  }
  return asked
}

describe('high-quality inference', () => {
  const schedule = createSchedule(scheduler.config)
  const quota = (u: number) => purityQuota(schedule, u, N)

  for (const numInferenceSteps of [T, 3])
    it.each([1, 2, 3, 4, 5, 20, 21, 63])(
      `asks in ${numInferenceSteps} steps as the authors’ loop, %i a call`,
      async (n) => {
        const { timesteps } = scheduler.expectation({ numInferenceSteps })
        const nSample = timesteps.slice(1).map((u, i) => quota(u) - (i === 0 ? 0 : quota(timesteps[i]!)))
        expect(Math.min(...nSample)).toBeGreaterThan(0)
        const asked = await askedIn({ numInferenceSteps, numLatentPixels: N, tokensPerCall: n })
        expect(asked).toEqual(highQuality(timesteps, nSample, n))
      },
    )

  it('without a limit calls the network once for each timestep', async () => {
    const asked = await askedIn({ numInferenceSteps: T, numLatentPixels: N })
    expect(asked).toEqual(await askedIn({ numInferenceSteps: T, numLatentPixels: N, tokensPerCall: N }))
    expect(asked).toHaveLength(T)
  })

  it('from latents calls it until the item with the most masks has its quota', async () => {
    // No masks in the first item, ten in the second.
    const latents = new CpuTensor(
      Uint32Array.from({ length: 2 * N }, (_, i) => (i >= N && i < N + 10 ? K : 1)),
      [2, N],
    )
    const timesteps = [4, 1]
    const asked = await askedIn({ latents, timesteps, tokensPerCall: 1 })
    const wanted = quota(1) - (N - 10)
    expect(wanted).toBeGreaterThan(1)
    // The last two are revealed together.
    const masks = [...Array.from({ length: wanted - 1 }, (_, i) => 10 - i), 10 - wanted]
    expect(asked.map(({ masks }) => masks[1])).toEqual(masks)
    expect(asked.map(({ masks }) => masks[0])).toEqual(masks.map(() => 0))
  })

  it('takes one result for each timestep, whatever the number of calls', async () => {
    const { asked, pipeline } = watched()
    const seen: number[] = []
    const options = { method: 'purity', tokensPerCall: 4, numInferenceSteps: 3, numLatentPixels: N, seed: 1 } as const
    for await (const { step, predOriginalSample } of pipeline.sample({
      ...options,
      conditioning: null,
      predOriginalSample: true,
    })) {
      seen.push(step)
      expect(Math.max(...predOriginalSample!.data)).toBeLessThan(K)
    }
    expect(seen).toEqual([0, 1, 2])
    expect(asked.length).toBeGreaterThan(10)
  })
})
