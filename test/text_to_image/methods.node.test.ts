import { describe, expect, it } from 'vitest'
import { OptionError } from 'vq-diffusion-webgpu'
import { CpuTensor, RandomGenerator, VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { type PictureOptions, type PipelineParts, VQDiffusionPipeline, WordTokenizer } from 'vq-diffusion-webgpu/onnx'

/** The ways to draw of a call of the pipeline against steps of the scheduler that are taken by hand. */

const [K, T, rows, columns] = [7, 12, 4, 5]
const N = rows * columns
const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: K + 1, num_train_timesteps: T })
let calls = 0

/** Logits that depend on the timestep, the sample and the place; guided ones are of twice the items. */
function network(sample: CpuTensor, timestep: number, guided: boolean): CpuTensor {
  calls++
  const items = sample.shape[0]! * (guided ? 2 : 1)
  const data = Float32Array.from({ length: items * N * K }, (_, i) => {
    const token = sample.data[Math.floor(i / K) % sample.size]!
    return 4 * Math.sin(i * 12.9 + timestep + token)
  })
  return new CpuTensor(data, [items, N, K])
}

const pipe = new VQDiffusionPipeline({
  scheduler,
  denoiser: ({ sample, timestep, guided }) => network(sample as CpuTensor, timestep, guided),
  decoder: async (tokens) => ({
    data: new Float32Array(3 * (tokens as CpuTensor).size),
    shape: [(tokens as CpuTensor).shape[0]!, 3, rows, columns],
  }),
  latentShape: [rows, columns],
  tokenizer: new WordTokenizer({ type: 'word', max_length: 2, pad_id: 0, vocab: ['-', 'cat'] }),
  defaults: { numInferenceSteps: 6, guidanceScale: 2, truncationRate: 0.9 },
} as PipelineParts)

const seeds = [5, 6]
const layout = 'pixel-major'
const guidance = { scale: 2 }

async function drawn(options: PictureOptions) {
  calls = 0
  const { tokens } = await pipe('cat', { numImagesPerPrompt: seeds.length, seed: seeds[0]!, ...options })
  return { tokens: tokens.map((each) => [...each]), calls }
}

/** Takes the steps of a chain by hand. */
async function byHand(step: (sample: CpuTensor, timestep: number, next: number | undefined) => CpuTensor) {
  calls = 0
  const { timesteps } = scheduler.expectation({ numInferenceSteps: 6 })
  let sample: CpuTensor = scheduler.initialSample([seeds.length, N], { generator: generatorOfChain(), start: 'mask' })
  for (const [i, timestep] of timesteps.entries()) sample = step(sample, timestep, timesteps[i + 1])
  return { tokens: itemsOf(sample), calls }
}

let generator: RandomGenerator
function generatorOfChain() {
  generator = new RandomGenerator(seeds)
  return generator
}

const itemsOf = ({ data }: CpuTensor) =>
  seeds.map((_, item) => [...(data as Uint32Array).slice(item * N, (item + 1) * N)])
const revealed = (tokens: CpuTensor) => itemsOf(tokens).map((item) => item.filter((token) => token < K).length)

const clean = (sample: CpuTensor, timestep: number, truncationRate = 1) =>
  scheduler.step(network(sample, timestep, true), timestep, sample, {
    generator,
    layout,
    guidance,
    truncationRate,
    previousTimestep: -1,
  }).prevSample

describe('a call of the pipeline', () => {
  it.each([1, 2])(
    'reveals at most %i tokens with each call of the network, as purityStep does',
    async (tokensPerCall) => {
      const expected = await byHand((sample, timestep, next) => {
        if (next === undefined) return clean(sample, timestep)
        const quota = Math.round(N * (1 - Math.exp(scheduler.logCumprodCt[next]!)))
        const options = { generator, layout, guidance, previousTimestep: next, tokensPerCall } as const
        do sample = scheduler.purityStep(network(sample, timestep, true), timestep, sample, options).prevSample
        while (Math.min(...revealed(sample)) < quota)
        return sample
      })
      expect(expected.calls).toBeGreaterThan(8)
      expect(await drawn({ method: 'purity', tokensPerCall })).toEqual(expected)
      expect(await drawn({ method: 'purity' })).toMatchObject({ calls: 6 })
    },
  )

  it('draws the fast sampling of the authors’ code, from the posteriors of single timesteps', async () => {
    const truncationRate = 0.9
    const expected = await byHand((sample, timestep, next) => {
      if (next === undefined) return clean(sample, timestep, truncationRate)
      const modelOutput = network(sample, timestep, true)
      const options = { generator, layout, guidance, truncationRate, previousTimestep: next } as const
      return scheduler.step(modelOutput, next + 1, sample, options).prevSample
    })
    expect(expected.calls).toBe(6)
    expect(await drawn({ method: 'fast' })).toEqual(expected)
    expect((await drawn({})).tokens).not.toEqual(expected.tokens)
  })

  it.each([
    ['posterior', "method 'posterior' does not support tokensPerCall."],
    ['fast', "method 'fast' does not support tokensPerCall."],
  ] as const)('refuses a limit of tokens for %s before the network is asked', async (method, message) => {
    calls = 0
    await expect(pipe('cat', { method, tokensPerCall: 2 })).rejects.toThrow(OptionError)
    await expect(pipe('cat', { method, tokensPerCall: 2 })).rejects.toThrow(message)
    expect(calls).toBe(0)
  })
})
