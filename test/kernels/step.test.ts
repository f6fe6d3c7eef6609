import { describe, expect, it } from 'vitest'
import {
  GpuTensor,
  type Layout,
  ModelOutputError,
  RandomGenerator,
  requestDevice,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { gpuTest, pseudoLogits, pseudoTokens } from './gpu'

const device = await requestDevice()
const K = 37 // odd, so that halves and columns are not aligned
const N = 50
const options = { num_vec_classes: K + 1, num_train_timesteps: 20, gamma_cum_end: 0.9 }
const scheduler = await VQDiffusionScheduler.create(device, options)
scheduler.setTimesteps(5)
const twin = await CpuScheduler.create(options)
twin.setTimesteps(5)

const upload = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: number[]) =>
  GpuTensor.from(device, data as Float32Array, shape)
const bothLayouts: Layout[] = ['class-major', 'pixel-major']
const shapeOf = (layout: Layout, B: number) => (layout === 'class-major' ? [B, K, N] : [B, N, K])

/** [B, K, N] ↔ [B, N, K] */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(data, (_, i) => {
    const [b, n, k] = [Math.floor(i / (rows * columns)), Math.floor(i / rows) % columns, i % rows]
    return data[(b * rows + k) * columns + n]!
  })
}

describe('a chain on the GPU', () => {
  for (const layout of bothLayouts)
    gpuTest(device, `equals the float64 twin’s, token by token, ${layout}`, async () => {
      const [generator, twinGenerator] = [new RandomGenerator([3, 4]), new RandomGenerator([3, 4])]
      let sample: GpuTensor = scheduler.initialSample([2, N], { generator })
      let twinSample: CpuTensor = twin.initialSample([2, N], { generator: twinGenerator })
      expect(await sample.read()).toEqual(twinSample.data)
      for (const [i, t] of scheduler.timesteps.entries()) {
        const data = pseudoLogits(2 * K * N, i)
        const step = scheduler.step(upload(data, shapeOf(layout, 2)), t, sample, { generator, layout })
        const twinStep = twin.step(new CpuTensor(data, shapeOf(layout, 2)), t, twinSample, {
          generator: twinGenerator,
          layout,
        })
        sample = step.prevSample
        twinSample = twinStep.prevSample
        expect(await sample.read()).toEqual(twinSample.data)
      }
      expect(generator.state).toEqual(twinGenerator.state)
      expect(Math.max(...(await sample.read()))).toBeLessThan(K)
    })

  gpuTest(device, 'is the same in both layouts', async () => {
    const data = pseudoLogits(K * N, 9)
    const sample = scheduler.uploadTokens(pseudoTokens(N, K, 0.5, 9), [1, N])
    const results = bothLayouts.map((layout) => {
      const logits = upload(layout === 'class-major' ? data : transpose(data, K, N), shapeOf(layout, 1))
      return scheduler.step(logits, 11, sample, { generator: new RandomGenerator(1), layout }).prevSample.read()
    })
    const [classMajor, pixelMajor] = await Promise.all(results)
    expect(pixelMajor).toEqual(classMajor)
  })

  gpuTest(device, 'of a batch of 4 with a seed each equals four chains alone', async () => {
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
  const sample = scheduler.uploadTokens(pseudoTokens(2 * N, K, 0.5, 1), [2, N])
  const logits = upload(pseudoLogits(2 * K * N, 1), [2, K, N])

  gpuTest(device, 'gives the same tokens whether or not the predicted x₀ is asked for', async () => {
    for (const t of scheduler.timesteps) {
      const plain = scheduler.step(logits, t, sample, { generator: new RandomGenerator(5) })
      const asked = scheduler.step(logits, t, sample, { generator: new RandomGenerator(5), predOriginalSample: true })
      expect(plain.predOriginalSample).toBeUndefined()
      expect(await asked.prevSample.read()).toEqual(await plain.prevSample.read())
      const x0 = await asked.predOriginalSample!.read()
      expect(Math.max(...x0)).toBeLessThan(K)
      const twinSample = new CpuTensor(await sample.read(), [2, N])
      const twinLogits = new CpuTensor(await logits.read(), [2, K, N])
      const twinStep = twin.step(twinLogits, t, twinSample, {
        generator: new RandomGenerator(5),
        predOriginalSample: true,
      })
      expect(x0).toEqual(twinStep.predOriginalSample!.data)
    }
  })

  gpuTest(device, 'takes a timestep and a previous timestep per item', async () => {
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

  gpuTest(device, 'guides: from two tensors, from one of batch 2B, and as the formula says', async () => {
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

  gpuTest(device, 'draws with supplied noise what the twin draws, guided too, in the last step too', async () => {
    const [conditional, unconditional] = [pseudoLogits(2 * K * N, 31), pseudoLogits(2 * K * N, 32)]
    for (const { t, u, rows } of [
      { t: 15, u: 7, rows: K + 1 },
      { t: 6, u: -1, rows: K },
    ]) {
      const uniforms = pseudoLogits(2 * rows * N, 33, 1).map((value) => value + 0.5)
      const common = { previousTimestep: u }
      const got = scheduler.step(upload(conditional, [2, K, N]), t, sample, {
        ...common,
        noise: upload(uniforms, [2, rows, N]),
        guidance: { scale: 3, unconditional: upload(unconditional, [2, K, N]) },
      })
      const want = twin.step(new CpuTensor(conditional, [2, K, N]), t, new CpuTensor(await sample.read(), [2, N]), {
        ...common,
        noise: new CpuTensor(uniforms, [2, rows, N]),
        guidance: { scale: 3, unconditional: new CpuTensor(unconditional, [2, K, N]) },
      })
      expect(await got.prevSample.read()).toEqual(want.prevSample.data)
    }
  })

  gpuTest(
    device,
    'counts tokens that are no class as the twin does, with supplied noise and by purity too',
    async () => {
      const data = pseudoTokens(N, K, 0.5, 4)
      data.set([K + 1, 99, 0xffffffff])
      const x = { gpu: upload(data, [1, N]), twin: new CpuTensor(data, [1, N]) }
      const logits = pseudoLogits(K * N, 34)
      for (const u of [7, -1]) {
        const rows = u === -1 ? K : K + 1
        const uniforms = pseudoLogits(rows * N, 35, 1).map((value) => value + 0.5)
        const previousTimestep = u
        const modelOutput = upload(logits, [1, K, N])
        const twinOutput = new CpuTensor(logits, [1, K, N])
        const noise = { gpu: upload(uniforms, [1, rows, N]), twin: new CpuTensor(uniforms, [1, rows, N]) }
        const bySeed = () => ({ previousTimestep, generator: new RandomGenerator(3) })
        scheduler.step(modelOutput, 15, x.gpu, { previousTimestep, noise: noise.gpu })
        twin.step(twinOutput, 15, x.twin, { previousTimestep, noise: noise.twin })
        expect(await scheduler.readFaults(), `noise, ${u}`).toEqual({ invalidColumns: 0, impossibleTokens: 3 })
        expect(await twin.readFaults(), `noise, ${u}`).toEqual({ invalidColumns: 0, impossibleTokens: 3 })
        scheduler.purityStep(modelOutput, 15, x.gpu, bySeed())
        twin.purityStep(twinOutput, 15, x.twin, bySeed())
        expect(await scheduler.readFaults(), `purity, ${u}`).toEqual({ invalidColumns: 0, impossibleTokens: 3 })
        expect(await twin.readFaults(), `purity, ${u}`).toEqual({ invalidColumns: 0, impossibleTokens: 3 })
      }
    },
  )

  gpuTest(device, 'guides with a negative scale, and tells the same columns to be worthless', async () => {
    const conditional = pseudoLogits(K * N, 36)
    const unconditional = pseudoLogits(K * N, 37)
    conditional.set([Infinity, NaN, -Infinity], 0)
    unconditional.set([-Infinity, Infinity, NaN, -Infinity], 3)
    const x = pseudoTokens(N, K, 0.5, 5)
    const options = () => ({ previousTimestep: 7, generator: new RandomGenerator(4), predOriginalSample: true })
    const got = scheduler.step(upload(conditional, [1, K, N]), 15, upload(x, [1, N]), {
      ...{ ...options(), guidance: { scale: -1, unconditional: upload(unconditional, [1, K, N]) } },
    })
    const want = twin.step(new CpuTensor(conditional, [1, K, N]), 15, new CpuTensor(x, [1, N]), {
      ...{ ...options(), guidance: { scale: -1, unconditional: new CpuTensor(unconditional, [1, K, N]) } },
    })
    expect(await got.prevSample.read()).toEqual(want.prevSample.data)
    expect(await twin.readFaults()).toEqual({ invalidColumns: 6, impossibleTokens: 0 })
    expect(await scheduler.readFaults()).toEqual({ invalidColumns: 6, impossibleTokens: 0 })
  })

  gpuTest(device, 'gives ties to the lowest class, also where several invocations share a column', async () => {
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
      const noise = upload(
        pseudoLogits(2 * (K + 1) * N, 6, 1).map((value) => value + 0.5),
        [2, K + 1, N],
      )
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

describe('worthless logits', () => {
  const masked = scheduler.uploadTokens(new Uint32Array(N).fill(K), [1, N])
  const spoil = (change: (data: Float32Array) => void) => {
    const data = pseudoLogits(K * N, 5)
    change(data)
    return upload(data, [1, N, K])
  }
  const worthless: Record<string, (data: Float32Array) => void> = {
    NaN: (data) => data.set([Number.NaN], 4 * K + 3),
    '+∞': (data) => data.set([Infinity], 4 * K + K - 1),
    'a column of −∞': (data) => data.fill(-Infinity, 4 * K, 5 * K),
  }
  for (const [name, change] of Object.entries(worthless))
    gpuTest(device, `${name}: counted, and no class is made up`, async () => {
      await scheduler.readFaults()
      const { prevSample } = scheduler.step(spoil(change), 3, masked, {
        ...{ generator: new RandomGenerator(8), layout: 'pixel-major', previousTimestep: -1 },
      })
      const tokens = await prevSample.read()
      expect(tokens[4]).toBe(K)
      expect(tokens.filter((token) => token === K)).toHaveLength(1)
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 1, impossibleTokens: 0 })
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
    })

  gpuTest(device, '−∞ for some classes excludes just those', async () => {
    const logits = spoil((data) => {
      for (let n = 0; n < N; n++) data.fill(-Infinity, n * K, n * K + K - 2)
    })
    const { prevSample } = scheduler.step(logits, 3, masked, {
      ...{ generator: new RandomGenerator(8), layout: 'pixel-major', previousTimestep: -1 },
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

  it('have an error that says how many', () => {
    expect(new ModelOutputError(3, 1).message).toMatch(/3 latent pixel.* 1 token/s)
  })
})
