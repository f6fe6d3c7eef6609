import { describe, expect, it } from 'vitest'
import {
  type GpuTensor,
  ModelOutputError,
  RandomGenerator,
  requestDevice,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, type CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest } from '../support/gpu'
import { pair, pseudoLogits, pseudoTokens, pseudoUniforms, upload as uploadTo } from '../support/inputs'
import { columnsShape, inLayout, layouts } from '../support/layouts'

const device = await requestDevice()
const K = 37 // odd, so that halves and columns are not aligned
const N = 50
const options = { num_vec_classes: K + 1, num_train_timesteps: 20, gamma_cum_end: 0.9 }
const scheduler = await VQDiffusionScheduler.create(device, options)
scheduler.setTimesteps(5)
const twin = await CpuScheduler.create(options)
twin.setTimesteps(5)

const upload = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]) =>
  uploadTo(device, data, shape)

describe('a chain on the GPU', () => {
  for (const layout of layouts)
    gpuTest(device, `equals the float64 twin’s, token for token, ${layout}`, async () => {
      const [generator, twinGenerator] = [new RandomGenerator([3, 4]), new RandomGenerator([3, 4])]
      let sample: GpuTensor = scheduler.initialSample([2, N], { generator })
      let twinSample: CpuTensor = twin.initialSample([2, N], { generator: twinGenerator })
      expect(await sample.read()).toEqual(twinSample.data)
      for (const [i, t] of scheduler.timesteps.entries()) {
        const logits = pair(device, pseudoLogits(2 * K * N, i), columnsShape(layout, [2, K, N]))
        sample = scheduler.step(logits.gpu, t, sample, { generator, layout }).prevSample
        twinSample = twin.step(logits.twin, t, twinSample, { generator: twinGenerator, layout }).prevSample
        expect(await sample.read()).toEqual(twinSample.data)
      }
      expect(generator.state).toEqual(twinGenerator.state)
      expect(Math.max(...(await sample.read()))).toBeLessThan(K)
    })

  gpuTest(device, 'is the same in both layouts', async () => {
    const logits = { data: pseudoLogits(K * N, 9), shape: [1, K, N] }
    const sample = scheduler.uploadTokens(pseudoTokens(N, K, 0.5, 9), [1, N])
    const results = layouts.map((layout) => {
      const { data, shape } = inLayout(layout, logits)
      const options = { generator: new RandomGenerator(1), layout }
      return scheduler.step(upload(data, shape), 11, sample, options).prevSample.read()
    })
    const [classMajor, pixelMajor] = await Promise.all(results)
    expect(pixelMajor).toEqual(classMajor)
  })

  gpuTest(device, 'of a batch with a seed for each item equals the chains of the items alone', async () => {
    const seeds = [11, 2n ** 63n, 13, 14]
    const chain = async (own: (number | bigint)[], items: number[]) => {
      const generator = new RandomGenerator(own)
      let sample: GpuTensor = scheduler.initialSample([items.length, N], { generator })
      for (const t of scheduler.timesteps) {
        const data = items.flatMap((item) => [...pseudoLogits(K * N, 100 * item + t)])
        const logits = upload(Float32Array.from(data), [items.length, K, N])
        sample = scheduler.step(logits, t, sample, { generator }).prevSample
      }
      return [...(await sample.read())]
    }
    const batch = await chain(seeds, [0, 1, 2, 3])
    for (const item of [0, 1, 2, 3])
      expect(await chain([seeds[item]!], [item])).toEqual(batch.slice(item * N, (item + 1) * N))
    expect(new Set([0, 1, 2, 3].map((item) => batch.slice(item * N, (item + 1) * N).join()))).toHaveProperty('size', 4)
  })
})

describe('one step', () => {
  const x = pair(device, pseudoTokens(2 * N, K, 0.5, 1), [2, N])
  const modelOutput = pair(device, pseudoLogits(2 * K * N, 1), [2, K, N])
  const [sample, logits] = [x.gpu, modelOutput.gpu]

  gpuTest(device, 'gives the same tokens with and without predOriginalSample', async () => {
    for (const t of scheduler.timesteps) {
      const plain = scheduler.step(logits, t, sample, { generator: new RandomGenerator(5) })
      const asked = scheduler.step(logits, t, sample, { generator: new RandomGenerator(5), predOriginalSample: true })
      expect(plain.predOriginalSample).toBeUndefined()
      expect(await asked.prevSample.read()).toEqual(await plain.prevSample.read())
      const x0 = await asked.predOriginalSample!.read()
      expect(Math.max(...x0)).toBeLessThan(K)
      const options = { generator: new RandomGenerator(5), predOriginalSample: true }
      expect(x0).toEqual(twin.step(modelOutput.twin, t, x.twin, options).predOriginalSample!.data)
    }
  })

  gpuTest(device, 'takes a timestep and a previous timestep for each item', async () => {
    const [t, u] = [
      [17, 6],
      [9, -1],
    ]
    const both = scheduler.step(logits, t, sample, { generator: new RandomGenerator([5, 6]), previousTimestep: u })
    const tokens = await both.prevSample.read()
    for (const item of [0, 1]) {
      const alone = scheduler.step(logits.slice(item, item + 1), t[item]!, sample.slice(item, item + 1), {
        generator: new RandomGenerator(5 + item),
        previousTimestep: u[item]!,
      })
      expect(await alone.prevSample.read()).toEqual(tokens.slice(item * N, (item + 1) * N))
    }
  })

  gpuTest(device, 'guides from two tensors and from one of batch 2B, as the formula', async () => {
    const [conditional, unconditional] = [pseudoLogits(2 * K * N, 21), pseudoLogits(2 * K * N, 22)]
    const scale = 2.5
    const formula = conditional.map((c, i) => unconditional[i]! + scale * (c - unconditional[i]!))
    const draw = async (modelOutput: GpuTensor, guidance?: { scale: number; unconditional?: GpuTensor }) => {
      const generator = new RandomGenerator(77)
      const { prevSample } = scheduler.step(modelOutput, 3, sample, { generator, ...(guidance && { guidance }) })
      return prevSample.read()
    }
    const want = await draw(upload(formula, [2, K, N]))
    const halves = { scale, unconditional: upload(unconditional, [2, K, N]) }
    expect(await draw(upload(conditional, [2, K, N]), halves)).toEqual(want)
    const both = upload(Float32Array.of(...unconditional, ...conditional), [4, K, N])
    expect(await draw(both, { scale })).toEqual(want)
    expect(await draw(upload(conditional, [2, K, N]))).not.toEqual(want)
  })

  gpuTest(device, 'draws the twin’s tokens with supplied noise and guidance, also in the last step', async () => {
    const conditional = pair(device, pseudoLogits(2 * K * N, 31), [2, K, N])
    const unconditional = pair(device, pseudoLogits(2 * K * N, 32), [2, K, N])
    for (const { t, previousTimestep, rows } of [
      { t: 15, previousTimestep: 7, rows: K + 1 },
      { t: 6, previousTimestep: -1, rows: K },
    ]) {
      const noise = pair(device, pseudoUniforms(2 * rows * N, 33), [2, rows, N])
      const got = scheduler.step(conditional.gpu, t, x.gpu, {
        previousTimestep,
        noise: noise.gpu,
        guidance: { scale: 3, unconditional: unconditional.gpu },
      })
      const want = twin.step(conditional.twin, t, x.twin, {
        previousTimestep,
        noise: noise.twin,
        guidance: { scale: 3, unconditional: unconditional.twin },
      })
      expect(await got.prevSample.read()).toEqual(want.prevSample.data)
    }
  })

  gpuTest(device, 'counts impossible tokens as the twin does, also with supplied noise and by purity', async () => {
    const data = pseudoTokens(N, K, 0.5, 4)
    data.set([K + 1, 99, 0xffffffff])
    const x = pair(device, data, [1, N])
    const logits = pair(device, pseudoLogits(K * N, 34), [1, K, N])
    for (const previousTimestep of [7, -1]) {
      const rows = previousTimestep === -1 ? K : K + 1
      const noise = pair(device, pseudoUniforms(rows * N, 35), [1, rows, N])
      const bySeed = () => ({ previousTimestep, generator: new RandomGenerator(3) })
      scheduler.step(logits.gpu, 15, x.gpu, { previousTimestep, noise: noise.gpu })
      twin.step(logits.twin, 15, x.twin, { previousTimestep, noise: noise.twin })
      expect(await scheduler.readFaults(), `noise, ${previousTimestep}`).toEqual({
        invalidColumns: 0,
        impossibleTokens: 3,
      })
      expect(await twin.readFaults(), `noise, ${previousTimestep}`).toEqual({ invalidColumns: 0, impossibleTokens: 3 })
      scheduler.purityStep(logits.gpu, 15, x.gpu, bySeed())
      twin.purityStep(logits.twin, 15, x.twin, bySeed())
      expect(await scheduler.readFaults(), `purity, ${previousTimestep}`).toEqual({
        invalidColumns: 0,
        impossibleTokens: 3,
      })
      expect(await twin.readFaults(), `purity, ${previousTimestep}`).toEqual({ invalidColumns: 0, impossibleTokens: 3 })
    }
  })

  gpuTest(device, 'guides with a negative scale, and counts the twin’s invalid columns', async () => {
    const conditionalData = pseudoLogits(K * N, 36)
    const unconditionalData = pseudoLogits(K * N, 37)
    conditionalData.set([Infinity, NaN, -Infinity], 0)
    unconditionalData.set([-Infinity, Infinity, NaN, -Infinity], 3)
    const conditional = pair(device, conditionalData, [1, K, N])
    const unconditional = pair(device, unconditionalData, [1, K, N])
    const x = pair(device, pseudoTokens(N, K, 0.5, 5), [1, N])
    const options = () => ({ previousTimestep: 7, generator: new RandomGenerator(4), predOriginalSample: true })
    const got = scheduler.step(conditional.gpu, 15, x.gpu, {
      ...options(),
      guidance: { scale: -1, unconditional: unconditional.gpu },
    })
    const want = twin.step(conditional.twin, 15, x.twin, {
      ...options(),
      guidance: { scale: -1, unconditional: unconditional.twin },
    })
    expect(await got.prevSample.read()).toEqual(want.prevSample.data)
    expect(await twin.readFaults()).toEqual({ invalidColumns: 6, impossibleTokens: 0 })
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 6, impossibleTokens: 0 })
  })

  gpuTest(device, 'gives ties to the lowest class, also if several invocations share a column', async () => {
    const flat = upload(new Float32Array(K * N), [1, K, N])
    const masked = scheduler.uploadTokens(new Uint32Array(N).fill(K), [1, N])
    const uniforms = new Float32Array(K * N).fill(0.25)
    // Two classes share the highest noise, the later one in a lower invocation.
    for (const k of [9, 32]) uniforms.fill(0.75, k * N, (k + 1) * N)
    const noise = upload(uniforms, [1, K, N])
    const { prevSample } = scheduler.step(flat, 3, masked, { noise, previousTimestep: -1 })
    expect(new Set(await prevSample.read())).toEqual(new Set([9]))
  })

  gpuTest(device, 'writes into given tensors', async () => {
    const [out, x0] = [scheduler.emptyTokens([2, N]), scheduler.emptyTokens([2, N])]
    const given = scheduler.step(logits, 3, sample, { generator: new RandomGenerator(5), out, predOriginalSample: x0 })
    expect(given.prevSample).toBe(out)
    expect(given.predOriginalSample).toBe(x0)
    const fresh = scheduler.step(logits, 3, sample, { generator: new RandomGenerator(5) })
    expect(await out.read()).toEqual(await fresh.prevSample.read())
  })

  gpuTest(device, 'of an empty batch, or without pixels, is empty', async () => {
    for (const [B, pixels] of [
      [0, N],
      [1, 0],
    ] as const) {
      const empty = scheduler.uploadTokens([], [B, pixels])
      const nothing = upload(new Float32Array(0), [B, K, pixels])
      const { prevSample } = scheduler.step(nothing, 3, empty, { generator: new RandomGenerator(1) })
      expect(prevSample.shape).toEqual([B, pixels])
      expect(await prevSample.read()).toHaveLength(0)
    }
  })

  gpuTest(device, 'records into a given encoder: several steps, one submit, other steps in between', async () => {
    const chain = (encoder?: GPUCommandEncoder) => {
      const generator = new RandomGenerator(21)
      const noise = upload(pseudoUniforms(2 * (K + 1) * N, 6), [2, K + 1, N])
      const options = encoder ? { encoder } : {}
      const first = scheduler.step(logits, 15, sample, { generator, ...options, predOriginalSample: true })
      const second = scheduler.step(logits, 11, first.prevSample, { generator, ...options })
      const third = scheduler.step(logits, 7, second.prevSample, { noise, ...options })
      return [first.predOriginalSample!, second.prevSample, third.prevSample]
    }
    const read = (tensors: GpuTensor[]) => Promise.all(tensors.map((tensor) => tensor.read()))
    const want = await read(chain())
    const encoder = device.createCommandEncoder({ label: 'test/encoder' })
    const recorded = chain(encoder)
    // A larger step on the same scheduler, before the recorded ones are submitted.
    const large = scheduler.uploadTokens(pseudoTokens(40 * N, K, 0.5, 1), [40, N])
    const largeLogits = upload(pseudoLogits(40 * K * N, 1), [40, K, N])
    scheduler.step(largeLogits, 15, large, { generator: new RandomGenerator(1) })
    device.queue.submit([encoder.finish()])
    expect(await read(recorded)).toEqual(want)
  })

  gpuTest(device, 'keeps interleaved chains apart', async () => {
    const start = (seed: number) => ({
      generator: new RandomGenerator(seed),
      sample: scheduler.uploadTokens(pseudoTokens(N, K, 1, 0), [1, N]) as GpuTensor,
    })
    const advance = (chain: ReturnType<typeof start>, t: number) => {
      const data = upload(pseudoLogits(K * N, t), [1, K, N])
      chain.sample = scheduler.step(data, t, chain.sample, { generator: chain.generator }).prevSample
    }
    const [a, b, alone] = [start(1), start(2), start(1)]
    for (const t of scheduler.timesteps) {
      advance(a, t)
      advance(b, t)
    }
    for (const t of scheduler.timesteps) advance(alone, t)
    expect(await a.sample.read()).toEqual(await alone.sample.read())
    expect(await b.sample.read()).not.toEqual(await alone.sample.read())
  })
})

describe('invalid logits', () => {
  const masked = scheduler.uploadTokens(new Uint32Array(N).fill(K), [1, N])
  const spoil = (change: (data: Float32Array) => void) => {
    const data = pseudoLogits(K * N, 5)
    change(data)
    return upload(data, [1, N, K])
  }
  const changes: Record<string, (data: Float32Array) => void> = {
    NaN: (data) => data.set([Number.NaN], 4 * K + 3),
    '+∞': (data) => data.set([Infinity], 4 * K + K - 1),
    'a column of −∞': (data) => data.fill(-Infinity, 4 * K, 5 * K),
  }
  for (const [name, change] of Object.entries(changes))
    gpuTest(device, `${name}: counted, and the token is unchanged`, async () => {
      await scheduler.readFaults()
      const { prevSample } = scheduler.step(spoil(change), 3, masked, {
        generator: new RandomGenerator(8),
        layout: 'pixel-major',
        previousTimestep: -1,
      })
      const tokens = await prevSample.read()
      expect(tokens[4]).toBe(K)
      expect(tokens.filter((token) => token === K)).toHaveLength(1)
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 1, impossibleTokens: 0 })
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
    })

  gpuTest(device, '−∞ for some classes excludes only these', async () => {
    const logits = spoil((data) => {
      for (let n = 0; n < N; n++) data.fill(-Infinity, n * K, n * K + K - 2)
    })
    const { prevSample } = scheduler.step(logits, 3, masked, {
      generator: new RandomGenerator(8),
      layout: 'pixel-major',
      previousTimestep: -1,
    })
    expect(new Set(await prevSample.read())).toEqual(new Set([K - 2, K - 1]))
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
  })

  gpuTest(device, 'a mask under a schedule that never masks is counted, and x₀ is taken', async () => {
    const uniform = await VQDiffusionScheduler.create(device, {
      num_vec_classes: K + 1,
      gamma_cum_start: 0,
      gamma_cum_end: 0,
    })
    const logits = upload(pseudoLogits(K * N, 5), [1, K, N])
    for (const previousTimestep of [10, -1]) {
      const { prevSample } = uniform.step(logits, 50, masked, { generator: new RandomGenerator(1), previousTimestep })
      expect(Math.max(...(await prevSample.read()))).toBeLessThan(K)
      expect(await uniform.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: N })
    }
    uniform.destroy()
  })

  it('have an error that contains their number', () => {
    expect(new ModelOutputError(3, 1).message).toMatch(/3 latent pixel.* 1 token/s)
  })
})
