import { describe, expect, it } from 'vitest'
import { CpuTensor, VQDiffusionScheduler } from '../cpu'
import { OptionError } from '../errors'
import { RandomGenerator } from '../random'
import type { Denoiser, SampleOptions } from './options'
import { VQDiffusionPipeline } from './pipeline'

/**
 * What a chain tells on its way, and what is needed to take it up again. The same on the GPU: test/pipeline.test.ts.
 */
const [K, N, B, steps] = [11, 12, 2, 5]
const scheduler = await VQDiffusionScheduler.create({
  num_vec_classes: K + 1,
  num_train_timesteps: 20,
  gamma_cum_end: 0.9,
})

/** Logits that depend on every token, on the timestep and on the item's guidance half. */
const denoiser: Denoiser<CpuTensor, null> = ({ sample, timestep, guided }) => {
  const items = guided ? [...sample.data, ...sample.data] : [...sample.data]
  const sum = items.reduce((total, token) => total + token, 0)
  const data = Float32Array.from({ length: items.length * K }, (_, i) => 2 * Math.sin(i * 7.1 + sum + timestep))
  return new CpuTensor(data, [items.length / N, N, K])
}
const pipeline = new VQDiffusionPipeline({ scheduler, denoiser })
const base = { conditioning: null, seed: [3, 4], batchSize: B, numLatentPixels: N, numInferenceSteps: steps }
type Options = Partial<SampleOptions<null, CpuTensor>>

async function tokensAt(options: Options): Promise<number[][]> {
  const tokens: number[][] = []
  for await (const { sample } of pipeline.sample({ ...base, ...options })) tokens.push([...sample.data])
  return tokens
}

const known = {
  tokens: new CpuTensor(new Uint32Array(B * N).fill(7), [B, N]),
  mask: new CpuTensor(
    Uint32Array.from({ length: B * N }, (_, i) => i % 2),
    [B, N],
  ),
}
const ways: Record<string, Options> = {
  plain: {},
  'guided and truncated': { guidanceScale: 2, truncationRate: 0.8 },
  'guided in an interval': { guidanceScale: 2, guidanceInterval: [5, 12] },
  'with known tokens': { known },
  purity: { method: 'purity', priorWeight: 1 },
}

describe.each(Object.entries(ways))('a chain, %s,', (name, way) => {
  it('is the same whatever is asked for beside the tokens', async () => {
    const without = await tokensAt(way)
    expect(await tokensAt({ ...way, predOriginalSample: true })).toEqual(without)
    expect(await tokensAt({ ...way, predOriginalSample: true, previewEvery: 2 })).toEqual(without)
    if (name === 'purity') return
    expect(await tokensAt({ ...way, diagnostics: true })).toEqual(without)
    expect(await tokensAt({ ...way, diagnostics: true, predOriginalSample: true })).toEqual(without)
  })

  it('gives the x₀ that it would end in, at every step', async () => {
    let generator = new RandomGenerator([3, 4])
    let state = generator.state
    const timesteps = [19, 15, 11, 7, 3]
    const asked = { ...base, ...way, seed: undefined, numInferenceSteps: undefined }
    let before = scheduler.initialSample([B, N], { generator, start: name === 'purity' ? 'mask' : 'noise' })
    state = generator.state
    for (const t of timesteps) {
      // A chain of this step alone ends in its x₀.
      const x0 = await tokensAt({
        ...asked,
        generator: RandomGenerator.fromState(state),
        latents: before,
        timesteps: [t],
      })
      generator = RandomGenerator.fromState(state)
      const rest = pipeline.sample({
        ...asked,
        generator,
        latents: before,
        timesteps: timesteps.filter((other) => other <= t),
        predOriginalSample: true,
      })
      const { value } = await rest.next()
      expect([...value!.predOriginalSample!.data]).toEqual(x0[0])
      before = value!.sample.clone() as typeof before
      state = generator.state
      await rest.return()
    }
  })

  it('ends in the same tokens when it is taken up from a step’s tokens and the generator’s state', async () => {
    const generator = new RandomGenerator([3, 4])
    const whole = { ...base, ...way, seed: undefined, generator }
    const positions: { latents: CpuTensor; state: RandomGenerator['state'] }[] = []
    let end: number[] = []
    for await (const { sample } of pipeline.sample(whole)) {
      positions.push({ latents: sample.clone(), state: generator.state })
      end = [...sample.data]
    }
    for (const [step, { latents, state }] of positions.slice(0, -1).entries()) {
      const timesteps = [19, 15, 11, 7, 3].slice(step + 1)
      const rest = { ...whole, numInferenceSteps: undefined, timesteps, latents }
      expect(
        (await tokensAt({ ...rest, generator: RandomGenerator.fromState(JSON.parse(JSON.stringify(state))) })).at(-1),
      ).toEqual(end)
    }
  })
})

it('leaves the x₀ of a preview under way alone, while it gives those of further steps', async () => {
  const seen: CpuTensor[] = []
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const decoder = async (tokens: CpuTensor) => {
    seen.push(tokens)
    await held
    return [...tokens.data]
  }
  const previewed = new VQDiffusionPipeline({ scheduler, denoiser, decoder })
  const given: number[][] = []
  let preview: Promise<number[]> | undefined
  for await (const one of previewed.sample({ ...base, predOriginalSample: true, previewEvery: 1 })) {
    given.push([...one.predOriginalSample!.data])
    preview ??= one.preview
    if (one.step === steps - 1) release()
  }
  expect(seen.length).toBe(1)
  expect(await preview).toEqual(given[0])
  expect(new Set(given.map(String)).size).toBe(steps)
})

describe('diagnostics of a chain', () => {
  it('tell of each step what the step itself tells', async () => {
    const generator = new RandomGenerator([3, 4])
    let before = scheduler.initialSample([B, N], { generator })
    const chain = pipeline.sample({ ...base, guidanceScale: 2, diagnostics: true, predOriginalSample: true })
    for await (const { timestep, sample, diagnostics } of chain) {
      const logits = await denoiser({ sample: before, timestep, guided: true, conditioning: null, signal: undefined })
      const { diagnostics: own } = scheduler.step(logits, timestep, before, {
        generator,
        layout: 'pixel-major',
        guidance: { scale: 2 },
        diagnostics: true,
        previousTimestep: timestep - 4,
      })
      for (const part of ['entropy', 'topProbability', 'counts'] as const)
        expect(diagnostics![part].data).toEqual(own![part].data)
      // Though x₀ of all tokens is given, the step is asked for no more columns than it needs.
      if (timestep > 3) expect(diagnostics!.counts.data[1]).toBeLessThan(B * N)
      before = sample.clone() as typeof before
    }
  })

  it('are refused with purity, which has none', async () => {
    await expect(tokensAt({ method: 'purity', diagnostics: true })).rejects.toThrow(OptionError)
  })

  it('of a step start from nothing in tensors that were used before', async () => {
    const diagnostics = scheduler.emptyDiagnostics([B, N])
    const sample = scheduler.initialSample([B, N], { generator: new RandomGenerator(1) })
    const logits = await denoiser({ sample, timestep: 19, guided: false, conditioning: null, signal: undefined })
    logits.data.fill(Number.NaN, 0, K)
    const step = (given: true | typeof diagnostics) =>
      scheduler.step(logits, 19, sample, {
        generator: new RandomGenerator(1),
        layout: 'pixel-major',
        previousTimestep: 15,
        diagnostics: given,
      }).diagnostics!
    step(diagnostics).entropy.data.fill(9)
    expect(step(diagnostics)).toBe(diagnostics)
    expect(diagnostics).toEqual(step(true))
    expect(diagnostics.entropy.data[0]).toBe(0)
  })
})
