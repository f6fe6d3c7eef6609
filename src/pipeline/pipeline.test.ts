import { describe, expect, it, vi } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import { DestroyedError, DtypeError, ModelOutputError, OptionError, ShapeError } from '../errors'
import { RandomGenerator } from '../random'
import type { Denoiser, SampleOptions } from './options'
import { VQDiffusionPipeline } from './pipeline'

const [K, N] = [11, 12]
const scheduler = await VQDiffusionScheduler.create({
  num_vec_classes: K + 1,
  num_train_timesteps: 20,
  gamma_cum_end: 0.9,
})

/** Logits that prefer one class per pixel, set by the conditioning; the unconditional half prefers none. */
const preferring: Denoiser<CpuTensor, number> = ({ sample, guided, conditioning }) => {
  const [B = 0] = sample.shape
  const items = guided ? 2 * B : B
  const data = new Float32Array(items * N * K)
  for (let i = guided ? B * N : 0; i < items * N; i++) data[i * K + conditioning] = 3
  return new CpuTensor(data, [items, N, K])
}

function pipelineOf(denoiser: Denoiser<CpuTensor, number>, decoder?: (tokens: CpuTensor) => Promise<number[]>) {
  return new VQDiffusionPipeline({ scheduler, denoiser, ...(decoder && { decoder }) })
}
const base = { numLatentPixels: N, numInferenceSteps: 5, conditioning: 4 }

async function finalTokens(
  options: Partial<SampleOptions<number, CpuTensor>>,
  denoiser = preferring,
): Promise<number[]> {
  let tokens: number[] = []
  for await (const { sample } of pipelineOf(denoiser).sample({ ...base, ...options })) tokens = [...sample.data]
  return tokens
}

describe('the chain', () => {
  it('visits the exact strided timesteps and ends in clean tokens', async () => {
    const seen: [number, number][] = []
    for await (const { step, timestep, sample } of pipelineOf(preferring).sample({ ...base, seed: 1 })) {
      seen.push([step, timestep])
      expect(sample.shape).toEqual([1, N])
      if (step === 4) expect(Math.max(...sample.data)).toBeLessThan(K)
    }
    expect(seen).toEqual([
      [0, 19],
      [1, 15],
      [2, 11],
      [3, 7],
      [4, 3],
    ])
  })

  it('is what stepping by hand gives', async () => {
    const byHand = await VQDiffusionScheduler.create(scheduler.config)
    byHand.setTimesteps(5)
    const generator = new RandomGenerator(9)
    let sample: CpuTensor = byHand.initialSample([2, N], { generator })
    for (const t of byHand.timesteps) {
      const logits = await preferring({ sample, timestep: t, guided: true, conditioning: 4, signal: undefined })
      const guidance = { scale: 2 }
      sample = byHand.step(logits, t, sample, { generator, layout: 'pixel-major', guidance }).prevSample
    }
    expect(await finalTokens({ seed: 9, batchSize: 2, guidanceScale: 2 })).toEqual([...sample.data])
  })

  it('guides the steps of its guidance interval only, as stepping by hand does', async () => {
    const byHand = await VQDiffusionScheduler.create(scheduler.config)
    byHand.setTimesteps(5)
    for (const [guidanceInterval, isGuided] of [
      [
        [7, 15],
        [false, true, true, true, false],
      ],
      [
        [8, 19],
        [true, true, true, false, false],
      ],
      [
        [0, 6],
        [false, false, false, false, true],
      ],
      [
        [4, 6],
        [false, false, false, false, false],
      ],
    ] as const) {
      const generator = new RandomGenerator(9)
      let sample: CpuTensor = byHand.initialSample([2, N], { generator })
      for (const [i, timestep] of byHand.timesteps.entries()) {
        const guided = isGuided[i]!
        const logits = await preferring({ sample, timestep, guided, conditioning: 4, signal: undefined })
        const options = { generator, layout: 'pixel-major', ...(guided && { guidance: { scale: 2 } }) } as const
        sample = byHand.step(logits, timestep, sample, options).prevSample
      }
      const denoiser = vi.fn(preferring)
      expect(await finalTokens({ seed: 9, batchSize: 2, guidanceScale: 2, guidanceInterval }, denoiser)).toEqual([
        ...sample.data,
      ])
      expect(denoiser.mock.calls.map(([{ guided }]) => guided)).toEqual(isGuided)
    }
  })

  it('guides all steps by an interval of all timesteps, and none at scale 1', async () => {
    const all = { seed: 9, batchSize: 8, guidanceInterval: [0, 19] } as const
    for (const guidanceScale of [2, 1])
      expect(await finalTokens({ ...all, guidanceScale })).toEqual(
        await finalTokens({ seed: 9, batchSize: 8, guidanceScale }),
      )
  })

  it('is prepared for both kinds of steps before the first', async () => {
    const prepare = vi.spyOn(scheduler, 'prepare')
    const step = vi.spyOn(scheduler, 'step')
    const guidance = { scale: 2 }
    const prepared = async (options: object) => {
      prepare.mockClear()
      step.mockClear()
      await finalTokens({ seed: 1, guidanceScale: 2, ...options })
      expect(prepare.mock.invocationCallOrder.at(-1)!).toBeLessThan(step.mock.invocationCallOrder[0]!)
      return prepare.mock.calls.map(([given]) => given!.guidance)
    }
    expect(await prepared({})).toEqual([guidance])
    expect(await prepared({ guidanceInterval: [8, 19] })).toEqual([guidance, undefined])
    expect(await prepared({ guidanceInterval: [0, 8] })).toEqual([undefined, guidance])
    expect(await prepared({ guidanceInterval: [0, 19] })).toEqual([guidance])
    vi.restoreAllMocks()
  })

  it('depends on the seed, and on nothing else', async () => {
    const [a, again, b] = [
      await finalTokens({ seed: 1 }),
      await finalTokens({ seed: 1 }),
      await finalTokens({ seed: 2 }),
    ]
    expect(again).toEqual(a)
    expect(b).not.toEqual(a)
  })

  it('gives an item of a batch what its seed gives alone', async () => {
    const batch = await finalTokens({ seed: [1, 2], batchSize: 2 })
    expect(batch).toEqual([...(await finalTokens({ seed: 1 })), ...(await finalTokens({ seed: 2 }))])
  })

  it('asks for both halves only where guidance does something', async () => {
    const asked: boolean[] = []
    const spy: typeof preferring = (input) => {
      asked.push(input.guided)
      return preferring(input)
    }
    await finalTokens({ seed: 1, numInferenceSteps: 1 }, spy)
    await finalTokens({ seed: 1, numInferenceSteps: 1, guidanceScale: 1 }, spy)
    await finalTokens({ seed: 1, numInferenceSteps: 1, guidanceScale: 0.5 }, spy)
    expect(asked).toEqual([false, false, true])
  })

  it('follows the conditioning, more so with guidance', async () => {
    const hits = async (guidanceScale: number) => {
      const tokens = await finalTokens({ seed: 3, batchSize: 50, guidanceScale })
      return tokens.filter((token) => token === 4).length
    }
    // p = e³ / (e³ + 10) = 0.668 of 600: six standard deviations are 69.
    expect(Math.abs((await hits(1)) - 401)).toBeLessThan(69)
    expect(await hits(3)).toBeGreaterThan(590)
  })
})

describe('previews', () => {
  const decoder = async (tokens: CpuTensor) => [...tokens.data]

  async function previewedSteps(previewEvery: number | 'auto' | undefined, decode = decoder) {
    const steps: number[] = []
    const options = { ...base, seed: 1, ...(previewEvery !== undefined && { previewEvery }) }
    for await (const { step, preview, predOriginalSample } of pipelineOf(preferring, decode).sample(options)) {
      if (!preview) continue
      steps.push(step)
      expect(await preview).toEqual([...predOriginalSample!.data])
      expect(Math.max(...(await preview))).toBeLessThan(K)
    }
    return steps
  }

  it('come every n-th step, never of the last, whose sample is clean itself', async () => {
    expect(await previewedSteps(1)).toEqual([0, 1, 2, 3])
    expect(await previewedSteps(2)).toEqual([0, 2])
    expect(await previewedSteps(0)).toEqual([])
  })

  it('change no token', async () => {
    expect(await finalTokens({ seed: 6, previewEvery: 1 })).toEqual(await finalTokens({ seed: 6, previewEvery: 0 }))
  })

  it('read no column when off', async () => {
    const step = vi.spyOn(scheduler, 'step')
    await previewedSteps(0)
    expect(step.mock.calls.every(([, , , options]) => options.predOriginalSample === undefined)).toBe(true)
    step.mockRestore()
  })

  it('do not overlap: one that takes long makes the next wait, and the loop does not', async () => {
    let release = () => {}
    const slow = async () => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return []
    }
    let previews = 0
    for await (const { step, preview } of pipelineOf(preferring, slow).sample({ ...base, seed: 1, previewEvery: 1 })) {
      if (preview) previews++
      if (step === 3) release()
    }
    expect(previews).toBe(1)
  })

  it('that fail reach their consumer, and do not stop the chain', async () => {
    const failing = async () => {
      throw new Error('out of paint')
    }
    let steps = 0
    for await (const { preview } of pipelineOf(preferring, failing).sample({ ...base, seed: 1, previewEvery: 1 })) {
      steps++
      if (preview) await expect(preview).rejects.toThrow('out of paint')
    }
    expect(steps).toBe(5)
  })
})

describe('stopping and failing', () => {
  it('throws the signal’s reason before any work', async () => {
    const denoiser = vi.fn(preferring)
    const signal = AbortSignal.abort(new Error('never mind'))
    await expect(finalTokens({ seed: 1, signal }, denoiser)).rejects.toThrow('never mind')
    expect(denoiser).not.toHaveBeenCalled()
  })

  it('throws the signal’s reason between steps', async () => {
    const controller = new AbortController()
    const denoiser = vi.fn(preferring)
    const drawing = async () => {
      const options = { ...base, seed: 1, signal: controller.signal }
      for await (const { step } of pipelineOf(denoiser).sample(options)) if (step === 1) controller.abort()
    }
    await expect(drawing()).rejects.toMatchObject({ name: 'AbortError' })
    expect(denoiser).toHaveBeenCalledTimes(2)
  })

  it('rejects when its scheduler is destroyed, and frees its tensors', async () => {
    const doomed = await VQDiffusionScheduler.create(scheduler.config)
    const made: CpuTensor[] = []
    const emptyTokens = doomed.emptyTokens.bind(doomed)
    doomed.emptyTokens = (shape) => {
      made.push(emptyTokens(shape))
      return made.at(-1)!
    }
    const denoiser: Denoiser<CpuTensor, number> = (input) => {
      if (input.timestep === 11) doomed.destroy()
      return preferring(input)
    }
    const chain = new VQDiffusionPipeline({ scheduler: doomed, denoiser })
    await expect(chain.generate({ ...base, seed: 1 })).rejects.toThrow(DestroyedError)
    expect(made.length).toBeGreaterThan(2)
    expect(made.filter(({ destroyed }) => !destroyed)).toEqual([])
  })

  it('leaves no rejection unheard when the device fails between steps', async () => {
    const unheard: unknown[] = []
    const listen = (reason: unknown) => unheard.push(reason)
    process.on('unhandledRejection', listen)
    const finished = vi.spyOn(scheduler, 'finished').mockImplementation(() => Promise.reject(new Error('lost')))
    const failing: typeof preferring = (input) => {
      if (input.timestep < 19) throw new Error('the network failed')
      return preferring(input)
    }
    const pipeline = pipelineOf(failing, async (tokens) => [...tokens.data])
    await expect(pipeline.generate({ ...base, seed: 1, previewEvery: 1 })).rejects.toThrow('the network failed')
    await new Promise((resolve) => setTimeout(resolve, 10))
    finished.mockRestore()
    process.off('unhandledRejection', listen)
    expect(unheard).toEqual([])
  })

  it('raises worthless logits with the number of latent pixels, and yields no picture', async () => {
    const spoilt: typeof preferring = async (input) => {
      const logits = await preferring(input)
      if (input.timestep === 3) logits.data.fill(Number.NaN, 2 * K, 4 * K)
      return logits
    }
    const steps: number[] = []
    const drawing = async () => {
      for await (const { step } of pipelineOf(spoilt).sample({ ...base, seed: 1 })) steps.push(step)
    }
    await expect(drawing()).rejects.toThrow(ModelOutputError)
    await expect(drawing()).rejects.toMatchObject({ invalidColumns: 2, impossibleTokens: 0 })
    expect(steps).toEqual([0, 1, 2, 3, 0, 1, 2, 3])
  })

  const tokens = (N: number) => new CpuTensor(new Uint32Array(N), [1, N])
  const floats = new CpuTensor(new Float32Array(N), [1, N])
  it.each([
    [OptionError, { numInferenceSteps: 21, seed: 1 }, /1 to 20 .*given 21/],
    [OptionError, { numInferenceSteps: 0, seed: 1 }, /given 0/],
    [OptionError, { guidanceScale: Number.NaN, seed: 1 }, /guidanceScale/],
    [OptionError, { guidanceInterval: [0, 20] as const, seed: 1 }, /last .* guidanceInterval .* 0 to 19; given 20/],
    [OptionError, { previewEvery: 1.5, seed: 1 }, /previewEvery/],
    [OptionError, {}, /given neither/],
    [OptionError, { seed: 1, generator: new RandomGenerator(1) }, /given both/],
    [OptionError, { seed: 1, method: 'purity' as const, priorWeight: -1 }, /priorWeight .*given -1/],
    [ShapeError, { seed: [1, 2], batchSize: 3 }, /3 needs one seed or 3; given 2/],
    [ShapeError, { seed: 1, known: { tokens: tokens(N - 1), mask: tokens(N) } }, /known\.tokens .*given \[1, 11\]/],
    [ShapeError, { seed: 1, known: { tokens: tokens(N), mask: tokens(N - 1) } }, /known\.mask .*given \[1, 11\]/],
    [DtypeError, { seed: 1, known: { tokens: tokens(N), mask: floats } }, /known\.mask .*given f32/],
    [DtypeError, { seed: 1, latents: floats }, /latents .*given f32/],
  ])('refuses with a %o: %j, before the network is asked', async (error, options, message) => {
    const denoiser = vi.fn(preferring)
    await expect(finalTokens(options, denoiser)).rejects.toThrow(error)
    await expect(finalTokens(options, denoiser)).rejects.toThrow(message)
    expect(denoiser).not.toHaveBeenCalled()
  })

  it('refuses an unknown layout', () => {
    const components = { scheduler, denoiser: preferring, layout: 'channels-last' as never }
    expect(() => new VQDiffusionPipeline(components)).toThrow(OptionError)
  })

  it('frees the tokens if the callback fails, in the last step too', async () => {
    for (const failing of [1, 4]) {
      let last: CpuTensor | undefined
      const callback = ({ step, sample }: { step: number; sample: CpuTensor }) => {
        if (step < failing) return
        last = sample
        vi.spyOn(sample, 'destroy')
        throw new Error('the callback failed')
      }
      const generating = pipelineOf(preferring).generate({ ...base, seed: 1, callback })
      await expect(generating).rejects.toThrow('the callback failed')
      expect(last!.destroy).toHaveBeenCalled()
    }
  })
})
