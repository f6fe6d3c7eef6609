import { describe, expect } from 'vitest'
import {
  type Denoiser,
  DestroyedError,
  GpuTensor,
  LimitError,
  OptionError,
  RandomGenerator,
  requestDevice,
  type SampleOptions,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../support/gpu'
import { pseudoLogits } from '../support/inputs'
import { watchBuffers } from '../support/live_buffers'

/** What the pipeline yields at each step of a chain on the GPU, against the CPU twin, and which buffers it creates. */
const [K, N, B, steps] = [37, 20, 2, 5]
const config = { num_vec_classes: K + 1, gamma_cum_end: 0.9 }
const device = await requestDevice()
const scheduler = await VQDiffusionScheduler.create(device, config)
const twin = await CpuScheduler.create(config)

const logitsOf = (tokens: ArrayLike<number>, timestep: number) => {
  const sum = Array.from(tokens).reduce((total, token) => total + token, timestep)
  return { data: pseudoLogits(2 * tokens.length * K, sum), shape: [(2 * tokens.length) / N, N, K] }
}
let logits: GpuTensor | undefined
const denoiser: Denoiser<GpuTensor, null> = async ({ sample, timestep }) => {
  const { data, shape } = logitsOf(await sample.read(), timestep)
  logits ??= GpuTensor.empty(device, shape, 'f32')
  logits.write(data)
  return logits
}
const twinDenoiser: Denoiser<CpuTensor, null> = ({ sample, timestep }) => {
  const { data, shape } = logitsOf(sample.data, timestep)
  return new CpuTensor(data, shape)
}
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
const twinPipeline = new VQDiffusionPipeline({ scheduler: twin, denoiser: twinDenoiser })
const base = { conditioning: null, seed: [3, 4], guidanceScale: 2, batchSize: B, numLatentPixels: N }
const chain = { ...base, numInferenceSteps: steps }

interface StepResult {
  tokens: ArrayLike<number>
  x0: ArrayLike<number> | undefined
  entropy: ArrayLike<number> | undefined
  counts: ArrayLike<number> | undefined
}

/** Everything that a chain yields. The next step is not delayed until a result is read, as in an application. */
async function run(options: Partial<SampleOptions<null, GpuTensor>> = {}): Promise<StepResult[]> {
  const reading: Promise<StepResult>[] = []
  for await (const { sample, predOriginalSample, diagnostics } of pipeline.sample({ ...chain, ...options })) {
    const parts = [sample.read(), predOriginalSample?.read(), diagnostics?.entropy.read(), diagnostics?.counts.read()]
    reading.push(Promise.all(parts).then(([tokens, x0, entropy, counts]) => ({ tokens: tokens!, x0, entropy, counts })))
    if (reading.length === steps) sample.destroy()
  }
  return Promise.all(reading)
}

describe('a chain', () => {
  const everything = { predOriginalSample: true, diagnostics: true }

  gpuTest(device, 'yields what the twin’s chain yields', async () => {
    const got = await run(everything)
    let step = 0
    for await (const { sample, predOriginalSample, diagnostics } of twinPipeline.sample({ ...chain, ...everything })) {
      const { tokens, x0, entropy, counts } = got[step++]!
      expect([...Array.from(tokens)]).toEqual([...sample.data])
      expect([...Array.from(x0!)]).toEqual([...predOriginalSample!.data])
      expect([...Array.from(counts!)]).toEqual([...diagnostics!.counts.data])
      for (const [i, value] of diagnostics!.entropy.data.entries()) expect(entropy![i]).toBeCloseTo(value, 4)
    }
    expect(step).toBe(steps)
    expect(got[0]!.counts![1]).toBeLessThan(B * N)
  })

  gpuTest(device, 'draws the same tokens whichever results are requested, also by purity', async () => {
    const tokens = async (options: Partial<SampleOptions<null, GpuTensor>>) =>
      (await run(options)).map(({ tokens }) => Array.from(tokens))
    const plain = await tokens({})
    for (const asked of [everything, { predOriginalSample: true }, { diagnostics: true }])
      expect(await tokens(asked)).toEqual(plain)
    const purity = { method: 'purity', priorWeight: 1 } as const
    const pure = await tokens(purity)
    expect(await tokens({ ...purity, predOriginalSample: true })).toEqual(pure)
  })

  gpuTest(device, 'with purity gives the x₀ that the twin gives', async () => {
    const options = { method: 'purity', predOriginalSample: true } as const
    const got = await run(options)
    let step = 0
    for await (const { predOriginalSample } of twinPipeline.sample({ ...chain, ...options }))
      expect([...Array.from(got[step++]!.x0!)]).toEqual([...predOriginalSample!.data])
  })

  gpuTest(device, 'creates buffers in its first step only, and destroys all but its result', async () => {
    await run(everything)
    await watchBuffers(device, async ({ made, alive }) => {
      let before = 0
      for await (const { step, sample } of pipeline.sample({ ...chain, ...everything, previewEvery: 2 })) {
        const new_ = made.slice(before).filter((name) => !name.includes('readback'))
        if (step > 0) expect(new_).toEqual([])
        before = made.length
        if (step === steps - 1) sample.destroy()
      }
      expect([...alive]).toEqual([])
    })
  })

  gpuTest(device, 'whose scheduler is destroyed meanwhile rejects, and frees everything', async () => {
    await watchBuffers(device, async ({ alive }) => {
      for (const when of [0, 2, steps - 1]) {
        const doomed = await VQDiffusionScheduler.create(device, config)
        let calls = 0
        const destroying: Denoiser<GpuTensor, null> = async (input) => {
          if (calls++ === when) doomed.destroy()
          const { data, shape } = logitsOf(await input.sample.read(), input.timestep)
          return GpuTensor.from(device, data, shape, 'test/logits')
        }
        const chainOfIt = new VQDiffusionPipeline({ scheduler: doomed, denoiser: destroying })
        await expect(chainOfIt.generate({ ...chain, ...everything })).rejects.toThrow(DestroyedError)
        expect(calls).toBe(when + 1)
      }
      expect([...alive].filter((name) => !name.startsWith('test/'))).toEqual([])
    })
  })

  gpuTest(device, 'that cannot begin frees what it has created', async () => {
    await watchBuffers(device, async ({ made, alive }) => {
      const large = { numLatentPixels: 2 ** 40, batchSize: B }
      await expect(pipeline.generate({ ...chain, ...large })).rejects.toThrow(LimitError)
      await expect(pipeline.start({ ...chain, ...large })).rejects.toThrow(LimitError)
      expect(made).not.toEqual([])
      expect([...alive]).toEqual([])
    })
  })

  gpuTest(
    device,
    'ends in the same tokens when it continues from a step’s tokens and the generator’s state',
    async () => {
      const generator = new RandomGenerator([3, 4])
      const positions: { tokens: ArrayLike<number>; state: RandomGenerator['state'] }[] = []
      const { seed: _, ...rest } = base
      for await (const { sample } of pipeline.sample({ ...rest, numInferenceSteps: steps, generator }))
        positions.push({ tokens: await sample.read(), state: generator.state })
      const { tokens: end } = positions.at(-1)!
      const timesteps = [79, 59, 39, 19]
      for (const [step, { tokens, state }] of positions.slice(0, -1).entries()) {
        const latents = scheduler.uploadTokens(tokens, [B, N])
        const again = await pipeline.generate({
          ...rest,
          latents,
          timesteps: timesteps.slice(step),
          generator: RandomGenerator.fromState(state),
        })
        expect(await again.read()).toEqual(end)
      }
    },
  )

  gpuTest(
    device,
    'ends in the same tokens when it is resumed from its start, or from the position after a step',
    async () => {
      const positions = [await pipeline.start(chain)]
      for await (const { step, sample, random } of pipeline.sample(chain))
        positions.push({ step: step + 1, tokens: await sample.read(), random })
      const { tokens: end } = positions.pop()!
      expect(positions).toHaveLength(steps)
      for (const resume of positions) expect(await (await pipeline.generate({ ...chain, resume })).read()).toEqual(end)
    },
  )
})

describe('tensors given for diagnostics', () => {
  const sample = scheduler.uploadTokens(new Uint32Array(B * N), [B, N])
  const step = (diagnostics: ReturnType<typeof scheduler.emptyDiagnostics>) => {
    const { data, shape } = logitsOf(new Uint32Array(B * N), 50)
    const options = { layout: 'pixel-major', guidance: { scale: 2 }, previousTimestep: 30, diagnostics } as const
    return scheduler.step(GpuTensor.from(device, data, shape), 50, sample, {
      ...options,
      generator: new RandomGenerator(1),
    })
  }

  gpuTest(device, 'are written to and returned', async () => {
    const given = scheduler.emptyDiagnostics([B, N])
    expect(step(given).diagnostics?.counts).toBe(given.counts)
    const first = await given.counts.read()
    step(given)
    expect(await given.counts.read()).toEqual(first)
    expect(first[0]).toBeGreaterThan(0)
  })

  gpuTest(device, 'need the sample’s shape, their dtype and buffers of their own', async () => {
    const given = scheduler.emptyDiagnostics([B, N])
    const u32 = scheduler.emptyTokens([B, N])
    const floats = GpuTensor.empty(device, [2 * B, N], 'f32')
    expect(() => step({ ...given, entropy: u32 })).toThrow('diagnostics.entropy needs the dtype f32')
    expect(() => step({ ...given, topProbability: floats })).toThrow('diagnostics.topProbability needs the shape')
    expect(() => step({ ...given, entropy: given.topProbability })).toThrow(OptionError)
    expect(() => step({ ...given, entropy: floats.slice(B, 2 * B) })).toThrow('from its beginning')
  })
})

describe('a chain that would end with tokens that are no clean ones is an error:', () => {
  const masked = Uint32Array.from({ length: B * N }, (_, i) => (i % 8 === 0 ? K : i % K))
  const beyond = masked.map((token) => (token === K ? K + 1 : token))
  const random = new RandomGenerator([3, 4]).state
  const upload = (tokens: Uint32Array) => [
    GpuTensor.from(device, tokens, [B, N], 'test/tokens'),
    new CpuTensor(tokens, [B, N]),
  ]
  const tried: [string, object, (tokens: GpuTensor | CpuTensor) => object][] = [
    [
      'masks of an image that is given back',
      { remainingMasks: 5, impossibleTokens: 0 },
      (tokens) => ({ image: { tokens, strength: 0 } }),
    ],
    [
      'masks of a position at the end',
      { remainingMasks: 5, impossibleTokens: 0 },
      () => ({ resume: { step: steps, tokens: masked, random } }),
    ],
  ]

  for (const [name, counts, start] of tried)
    gpuTest(device, name, async () => {
      const [gpu, cpu] = upload(masked)
      const error = {
        name: 'ModelOutputError',
        message: expect.stringContaining('5 latent pixel(s) are masked'),
        ...counts,
      }
      await expect(pipeline.generate({ ...chain, ...start(gpu!) })).rejects.toMatchObject(error)
      await expect(twinPipeline.generate({ ...chain, ...start(cpu!) })).rejects.toMatchObject(error)
    })

  gpuTest(device, 'tokens of an image that are no classes', async () => {
    const [gpu, cpu] = upload(beyond)
    const error = { name: 'ModelOutputError', remainingMasks: 0, impossibleTokens: 5 }
    const image = (tokens: unknown) => ({ ...chain, image: { tokens: tokens as never, strength: 0 } })
    await expect(pipeline.generate(image(gpu))).rejects.toMatchObject(error)
    await expect(twinPipeline.generate(image(cpu))).rejects.toMatchObject(error)
  })
})
