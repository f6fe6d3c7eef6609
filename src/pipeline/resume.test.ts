import { describe, expect, it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import { ModelOutputError, OptionError, ShapeError, TokenRangeError } from '../errors'
import { RandomGenerator } from '../random'
import type { ChainPosition, Denoiser, SampleOptions } from './options'
import { VQDiffusionPipeline } from './pipeline'

const [K, N, B] = [9, 16, 2]
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, num_train_timesteps: 20 })

/** Logits that depend on the sample and the timestep, so that a chain that deviates once stays different. */
const denoiser: Denoiser<CpuTensor, null> = ({ sample, timestep, guided }) => {
  const tokens = guided ? [...sample.data, ...sample.data] : sample.data
  const data = new Float32Array(tokens.length * K)
  for (let i = 0; i < data.length; i++) data[i] = Math.sin(i * 12.9 + tokens[Math.floor(i / K)]! * 7.1 + timestep)
  return new CpuTensor(data, [tokens.length / N, N, K])
}
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
const image = new CpuTensor(
  Uint32Array.from({ length: B * N }, (_, i) => i % K),
  [B, N],
)
const noise = { numLatentPixels: N, batchSize: B }

const chains: [string, SampleOptions<null, CpuTensor>][] = [
  ['from noise', { ...noise, numInferenceSteps: 6, seed: [4, 5], conditioning: null }],
  ['from masks', { ...noise, numInferenceSteps: 6, spacing: 'leading', seed: 4, conditioning: null }],
  ['by purity', { ...noise, numInferenceSteps: 6, method: 'purity', seed: 4, conditioning: null }],
  [
    'by purity, one token a call',
    { ...noise, numInferenceSteps: 6, method: 'purity', tokensPerCall: 1, seed: 4, conditioning: null },
  ],
  ['by fast sampling', { ...noise, numInferenceSteps: 6, method: 'fast', seed: 4, conditioning: null }],
  ['from an image', { image: { tokens: image, strength: 0.7 }, numInferenceSteps: 6, seed: 4, conditioning: null }],
  ['from latents', { latents: image, numInferenceSteps: 6, seed: 4, conditioning: null }],
  [
    'guided in an interval',
    { ...noise, numInferenceSteps: 6, seed: [4, 5], guidanceScale: 3, guidanceInterval: [5, 12], conditioning: null },
  ],
]

interface Recorded {
  position: ChainPosition
  timestep: number
}

async function record(options: SampleOptions<null, CpuTensor>): Promise<Recorded[]> {
  const steps: Recorded[] = []
  for await (const { step, timestep, sample, random } of pipeline.sample(options))
    steps.push({ timestep, position: { step: step + 1, tokens: [...sample.data], random } })
  return steps
}

describe.each(chains)('a chain %s', (_, options) => {
  it('continues from any of its positions as if it had not stopped', async () => {
    const whole = await record(options)
    const start = await pipeline.start(options)
    expect(start.step).toBe(0)
    for (const from of [start, ...whole.slice(0, -1).map(({ position }) => position)]) {
      // As a saved position comes back: through JSON.
      const resume: ChainPosition = JSON.parse(JSON.stringify({ ...from, tokens: Array.from(from.tokens) }))
      expect(await record({ ...options, resume })).toEqual(whole.slice(from.step))
    }
  })
})

it('the start is what the first step sees', async () => {
  const seen: number[][] = []
  const watching: Denoiser<CpuTensor, null> = (input) => {
    seen.push([...input.sample.data])
    return denoiser(input)
  }
  const watched = new VQDiffusionPipeline({ scheduler, denoiser: watching })
  for (const [, options] of chains) {
    const start = await watched.start(options)
    expect(seen).toEqual([])
    await watched.generate(options)
    expect(seen.splice(0)[0]).toEqual([...Array.from(start.tokens)])
  }
})

it('needs neither seed nor batch size', async () => {
  const [, options] = chains[0]!
  const { seed: _, batchSize: __, ...rest } = options
  const whole = await record(options)
  expect(await record({ ...rest, resume: whole[2]!.position })).toEqual(whole.slice(3))
})

it('at the end of the chain gives its tokens once, without asking the network', async () => {
  const [, options] = chains[0]!
  const last = (await record(options)).at(-1)!.position
  const again = await record({ ...options, resume: last })
  expect(again).toEqual([{ timestep: -1, position: { ...last, step: last.step + 1 } }])
})

it("'leading' visits the list of diffusers and starts from masks", async () => {
  const [, options] = chains[1]!
  expect((await record(options)).map(({ timestep }) => timestep)).toEqual([5, 4, 3, 2, 1, 0])
  expect(new Set(Array.from((await pipeline.start(options)).tokens))).toEqual(new Set([K]))
})

describe('a bad call throws its named error before the network is asked', () => {
  const random = new RandomGenerator(1).state
  const tokens = Array.from({ length: B * N }, () => K)
  const base = { ...noise, numInferenceSteps: 6, conditioning: null }
  it.each<[string, ChainPosition, abstract new (...args: never[]) => Error, RegExp]>([
    ['a step beyond the list', { step: 7, tokens, random }, OptionError, /0 to 6.*given 7/],
    ['a fractional step', { step: 0.5, tokens, random }, OptionError, /given 0.5/],
    ['too few tokens', { step: 1, tokens: tokens.slice(1), random }, ShapeError, /32 tokens.*given 31/],
    ['a token that is no class', { step: 1, tokens: tokens.fill(K + 1, 0, 1), random }, TokenRangeError, /given 10/],
    ['a counter that is none', { step: 1, tokens, random: { ...random, counter: -1 } }, OptionError, /given -1/],
  ])('%s', async (_, resume, error, message) => {
    const failure = await record({ ...base, resume }).catch((reason) => reason)
    expect(failure).toBeInstanceOf(error)
    expect(failure.message).toMatch(message)
  })

  it('an unknown spacing', async () => {
    await expect(record({ ...base, seed: 1, spacing: 'trailing' as never })).rejects.toThrow(OptionError)
  })

  it('a start from an image whose tokens are no classes', async () => {
    const wrong = new CpuTensor(new Uint32Array(B * N).fill(99), [B, N])
    const options = { image: { tokens: wrong, strength: 0.5 }, numInferenceSteps: 6, seed: 1, conditioning: null }
    await expect(pipeline.start(options)).rejects.toThrow(ModelOutputError)
  })
})
