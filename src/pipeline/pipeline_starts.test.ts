import { describe, expect, it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import { OptionError, ShapeError } from '../errors'
import { RandomGenerator } from '../random'
import type { Denoiser, SampleOptions } from './options'
import { VQDiffusionPipeline } from './pipeline'

const [K, N, T] = [11, 12, 20]
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, num_train_timesteps: T })

/** Certain of class 2 everywhere; notes the timesteps and samples that it is asked about. */
function certain() {
  const asked: { timestep: number; sample: number[] }[] = []
  const denoiser: Denoiser<CpuTensor, null> = ({ sample, timestep }) => {
    asked.push({ timestep, sample: [...sample.data] })
    const data = new Float32Array(sample.size * K)
    for (let i = 0; i < sample.size; i++) data[i * K + 2] = 60
    return new CpuTensor(data, [...sample.shape, K])
  }
  return { asked, pipeline: new VQDiffusionPipeline({ scheduler, denoiser }) }
}

const picture = new CpuTensor(
  Uint32Array.from({ length: 2 * N }, (_, i) => 3 + (i % 5)),
  [2, N],
)
const base = { conditioning: null, seed: 7 }
const run = async (options: SampleOptions<null, CpuTensor>) => {
  const { asked, pipeline } = certain()
  return { asked, tokens: [...(await pipeline.generate(options)).data] }
}

describe('image to image', () => {
  it('at strength 0 gives the picture back, untouched and unasked', async () => {
    const { asked, tokens } = await run({ ...base, numInferenceSteps: 10, image: { tokens: picture, strength: 0 } })
    expect(tokens).toEqual([...picture.data])
    expect(asked).toEqual([])
  })

  it('begins at the first timestep at or below s·T − 1, with the picture noised to it', async () => {
    const { asked, tokens } = await run({ ...base, numInferenceSteps: 10, image: { tokens: picture, strength: 0.5 } })
    expect(asked.map(({ timestep }) => timestep)).toEqual([9, 7, 5, 3, 1])
    const noised = scheduler.addNoise(picture, 9, { generator: new RandomGenerator(7) })
    expect(asked[0]!.sample).toEqual([...noised.data])
    expect(tokens.every((token) => token === 2)).toBe(true)
  })

  it('at strength 1 visits the whole list', async () => {
    const { asked } = await run({ ...base, numInferenceSteps: 4, image: { tokens: picture, strength: 1 } })
    expect(asked.map(({ timestep }) => timestep)).toEqual([19, 14, 9, 4])
  })
})

describe('the strength of an image', () => {
  const generate = (strength: number, numInferenceSteps: number) =>
    run({ ...base, numInferenceSteps, image: { tokens: picture, strength } })

  // T = 20: the last of n steps ends at ⌊20/n + ½⌋ − 1.
  it.each([
    [4, 0.25, 0.249],
    [1, 1, 0.6],
    [20, 0.05, 0.01],
    [3, 0.35, 0.3],
  ])('of %i steps draws the last of them at %d, and is refused at %d', async (numInferenceSteps, least, less) => {
    expect((await generate(least, numInferenceSteps)).asked).toHaveLength(1)
    await expect(generate(less, numInferenceSteps)).rejects.toMatchObject({
      name: 'OptionError',
      message: expect.stringMatching(`strength needs to be 0, .* at least ${least}, .*given ${less}`),
    })
    const expected = scheduler.expectation({ numInferenceSteps, strength: least })
    expect(expected.timesteps).toHaveLength(1)
    expect(() => scheduler.expectation({ numInferenceSteps, strength: less })).toThrow(`at least ${least}`)
  })

  it('is exact: t is visited from (t + 1) / T on, as that is written', async () => {
    const hundred = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, num_train_timesteps: 100 })
    const first = (strength: number) => hundred.expectation({ numInferenceSteps: 100, strength }).timesteps[0]
    const timesteps = Array.from({ length: 99 }, (_, t) => t)
    expect(timesteps.map((t) => first(Number(`0.${String(t + 1).padStart(2, '0')}`)))).toEqual(timesteps)
  })
})

describe('a picture of tokens that are no classes', () => {
  it('is told, and nothing is drawn from it', async () => {
    const image = { tokens: new CpuTensor(new Uint32Array(N).fill(99), [1, N]), strength: 0.5 }
    await expect(run({ ...base, numInferenceSteps: 10, image })).rejects.toMatchObject({
      name: 'ModelOutputError',
      invalidColumns: 0,
      impossibleTokens: N,
    })
  })
})

describe('inpainting', () => {
  it('keeps what is known and draws the rest', async () => {
    const mask = new CpuTensor(
      Uint32Array.from({ length: 2 * N }, (_, i) => i % 2),
      [2, N],
    )
    const known = { tokens: picture, mask }
    const { asked, tokens } = await run({ ...base, numInferenceSteps: 10, batchSize: 2, numLatentPixels: N, known })
    expect(tokens).toEqual([...picture.data].map((token, i) => (i % 2 === 1 ? token : 2)))
    // On the way the known tokens are noised too, like everything the network was trained on.
    const knownNow = asked[5]!.sample.filter((_, i) => i % 2 === 1)
    expect(knownNow).toContain(K)
    expect(knownNow.some((token) => token < K)).toBe(true)
  })
})

describe('other starts', () => {
  it('latents are taken as they are, and left alone', async () => {
    const latents = scheduler.initialSample([1, N], { start: 'mask' })
    const { asked } = await run({ ...base, numInferenceSteps: 3, latents })
    expect(asked[0]!.sample).toEqual(Array.from({ length: N }, () => K))
    expect([...latents.data]).toEqual(Array.from({ length: N }, () => K))
  })

  it('a list of timesteps is followed', async () => {
    const { asked } = await run({ ...base, timesteps: [17, 4, 3], numLatentPixels: N })
    expect(asked.map(({ timestep }) => timestep)).toEqual([17, 4, 3])
  })

  it('purity starts from the mask and reveals more and more', async () => {
    const { asked, tokens } = await run({
      ...base,
      numInferenceSteps: 5,
      numLatentPixels: N,
      method: 'purity',
      priorWeight: 1,
    })
    const masked = asked.map(({ sample }) => sample.filter((token) => token === K).length)
    expect(masked[0]).toBe(N)
    expect(masked).toEqual([...masked].sort((a, b) => b - a))
    expect(tokens.every((token) => token === 2)).toBe(true)
  })
})

describe('generate', () => {
  it('calls back every n-th step, the first included', async () => {
    const steps: number[] = []
    const callback = ({ step }: { step: number }) => steps.push(step)
    await certain().pipeline.generate({ ...base, numInferenceSteps: 7, numLatentPixels: N, callback, callbackSteps: 3 })
    expect(steps).toEqual([0, 3, 6])
  })

  it.each([
    [{ numInferenceSteps: 5 }, OptionError, /numLatentPixels/],
    [{ numLatentPixels: N }, OptionError, /numInferenceSteps or timesteps; given neither/],
    [{ numLatentPixels: N, numInferenceSteps: 5, timesteps: [3] }, OptionError, /given both/],
    [{ numLatentPixels: N, timesteps: [] }, OptionError, /fall strictly/],
    [{ numLatentPixels: N, timesteps: [3, 3] }, OptionError, /given \[3, 3\]/],
    [{ numLatentPixels: N, timesteps: [T] }, OptionError, /at most 19/],
    [{ numLatentPixels: N, numInferenceSteps: 5, latents: picture }, ShapeError, /latents .*given \[2, 12\]/, 1],
    [{ numInferenceSteps: 5, latents: picture, image: { tokens: picture, strength: 1 } }, OptionError, /given both/],
    [{ numInferenceSteps: 5, image: { tokens: picture, strength: 1.5 } }, OptionError, /strength .*given 1\.5/],
    [{ numLatentPixels: N, numInferenceSteps: 5, method: 'greedy' as never }, OptionError, /given "greedy"/],
    [
      { numLatentPixels: N, numInferenceSteps: 5, method: 'purity' as const, truncationRate: 0.5 },
      OptionError,
      /purity/,
    ],
    [{ numLatentPixels: N, numInferenceSteps: 5, callbackSteps: 0 }, OptionError, /callbackSteps .*given 0/],
  ])('refuses %o', async (options, error, message, batchSize?: number) => {
    const { asked, pipeline } = certain()
    const drawing = pipeline.generate({ ...base, ...options, ...(batchSize && { batchSize }) })
    await expect(drawing).rejects.toThrow(error)
    await expect(drawing).rejects.toThrow(message)
    expect(asked).toEqual([])
  })
})
