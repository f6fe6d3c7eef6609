import { describe, expect } from 'vitest'
import { GpuTensor, type Layout, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, type CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { checkClose } from '../support/checks'
import { gpuTest } from '../support/gpu'
import { type Pair, pair, pseudoLogits, pseudoTokens } from '../support/inputs'
import { compatibilityDevice, softwareDevice } from '../support/launch_shapes'
import { columnsShape } from '../support/layouts'
import { checkSameDraws } from '../support/statistics'

/** Each latent pixel has a range of classes of its own: the GPU draws the twin's tokens, in every launch shape. */
const devices = {
  GPUs: await requestDevice(),
  'software adapters': await softwareDevice(),
  'the lowest limits': await compatibilityDevice(),
}
const [B, N, T] = [2, 24, 20]

/** From one class to all of them, at, before and after multiples of four. */
function rangesOf(K: number): (readonly [number, number])[] {
  const some = [
    [0, K - 1],
    [5, 5],
    [K - 1, K - 1],
    [0, 0],
    [3, 8],
    [4, 7],
    [K - 6, K - 1],
    [17, 100],
  ] as const
  return Array.from({ length: N }, (_, n) => some[n % some.length]!)
}

/** Tokens in the ranges of their pixels, the mask with a given share. */
function tokensIn(ranges: readonly (readonly [number, number])[], K: number, maskShare: number, seed: number) {
  return pseudoTokens(B * N, 2 ** 20, maskShare, seed).map((token, i) => {
    const [first, last] = ranges[i % N]!
    return token === 2 ** 20 ? K : first + (token % (last - first + 1))
  })
}

const setups: [name: string, device: GPUDevice, K: number, layout: Layout][] = [
  ['on GPUs, class-major', devices.GPUs, 203, 'class-major'],
  ['on software adapters, four classes at a time', devices['software adapters'], 208, 'pixel-major'],
  ['with the lowest limits, one class at a time', devices['the lowest limits'], 203, 'pixel-major'],
]

describe.each(setups)('%s,', async (_, device, K, layout) => {
  const ranges = rangesOf(K)
  const options = {
    num_vec_classes: K + 1,
    num_train_timesteps: T,
    alpha_cum_end: 0.2,
    gamma_cum_end: 0.5,
    class_range: ranges,
  }
  const scheduler = await VQDiffusionScheduler.create(device, options)
  const twin = await CpuScheduler.create(options)
  const isInside = (token: number, i: number) => {
    const [first, last] = ranges[i % N]!
    return token === K || (token >= first && token <= last)
  }
  /** Logits that are NaN where a pixel has no class, and high. */
  const logitsOf = (items: number, seed: number) => {
    const shape = columnsShape(layout, [items, K, N])
    const data = pseudoLogits(items * K * N, seed)
    for (let i = 0; i < data.length; i++) {
      const [pixel, k] = layout === 'pixel-major' ? [Math.floor(i / K), i % K] : [i % N, Math.floor(i / N) % K]
      if (!isInside(k, pixel)) data[i] = i % 3 === 0 ? NaN : 90
    }
    return pair(device, data, shape)
  }
  const sample = pair(device, tokensIn(ranges, K, 0.4, 1), [B, N])
  const known = {
    tokens: pair(device, tokensIn(ranges, K, 0, 2), [B, N]),
    mask: pair(device, pseudoTokens(B * N, 2, 0, 3), [B, N]),
  }
  const side = (name: 'gpu' | 'twin', tensors: Record<string, Pair>) =>
    Object.fromEntries(Object.entries(tensors).map(([key, value]) => [key, value[name]])) as never
  // What was there before must not be taken for the mark of a known pixel.
  const outOf = (name: 'gpu' | 'twin') => pair(device, new Uint32Array(B * N).fill(0xffffffff), [B, N])[name]
  const noFaults = { invalidColumns: 0, impossibleTokens: 0 }

  gpuTest(device, 'steps draw the twin’s tokens, from the classes of each pixel', async () => {
    const unconditional = logitsOf(B, 6)
    const steps = [
      // The most buffers that a step binds.
      { logits: logitsOf(B, 4), guided: true, more: { diagnostics: true, predOriginalSample: true } },
      { logits: logitsOf(2 * B, 5), guided: false, more: { truncationRate: 0.6, guidance: { scale: 1.5 } } },
    ]
    for (const previousTimestep of [[5, 1], -1])
      for (const { logits, guided, more } of steps) {
        const run = <Output>(
          step: (modelOutput: never, t: number[], x: never, options: never) => Output,
          name: 'gpu' | 'twin',
        ) =>
          step(
            logits[name] as never,
            [12, 9],
            sample[name] as never,
            {
              ...more,
              ...(guided && { guidance: { scale: 2, unconditional: unconditional[name] } }),
              ...(guided && { known: side(name, known), out: outOf(name) }),
              layout,
              previousTimestep,
              generator: new RandomGenerator([7, 8]),
            } as never,
          )
        const got = run((...given) => scheduler.step(...(given as Parameters<typeof scheduler.step>)), 'gpu')
        const want = run((...given) => twin.step(...(given as Parameters<typeof twin.step>)), 'twin')
        const tokens = await got.prevSample.read()
        expect(tokens).toEqual(want.prevSample.data)
        expect([...tokens].every(isInside)).toBe(true)
        if (got.predOriginalSample) expect(await got.predOriginalSample.read()).toEqual(want.predOriginalSample!.data)
        if (got.diagnostics) {
          for (const name of ['entropy', 'topProbability'] as const) {
            const values = { data: Float32Array.from(want.diagnostics![name].data), shape: [B, N] }
            checkClose(name, await got.diagnostics[name].read(), values, { atol: 1e-5, rtol: 1e-5 })
          }
          expect([...(await got.diagnostics.counts.read())]).toEqual([...want.diagnostics!.counts.data])
        }
      }
    expect(await scheduler.readFaults()).toEqual(noFaults)
    expect(await twin.readFaults()).toEqual(noFaults)
  })

  // The other kernels bind less than the step.
  if (device === devices['the lowest limits']) return

  gpuTest(device, 'chains by purity draw the twin’s tokens', async () => {
    const [generator, twinGenerator] = [new RandomGenerator(3), new RandomGenerator(3)]
    let x: GpuTensor = scheduler.initialSample([B, N], { start: 'mask' })
    let twinX: CpuTensor = twin.initialSample([B, N], { start: 'mask' })
    for (const [t, previousTimestep] of [
      [19, 9],
      [9, 0],
      [0, -1],
    ] as const) {
      const logits = logitsOf(2 * B, t)
      const rule = { layout, priorWeight: 2, guidance: { scale: 2 }, previousTimestep }
      x = scheduler.purityStep(logits.gpu, t, x, { ...rule, generator }).prevSample
      twinX = twin.purityStep(logits.twin, t, twinX, { ...rule, generator: twinGenerator }).prevSample
      const tokens = await x.read()
      expect(tokens).toEqual(twinX.data)
      expect([...tokens].every(isInside)).toBe(true)
    }
    expect(await scheduler.readFaults()).toEqual(noFaults)
  })

  // They read no logits, and faults are counted alike in every launch shape.
  if (device !== devices.GPUs) return

  gpuTest(device, 'start and noise are the twin’s', async () => {
    const generator = () => ({ generator: new RandomGenerator(5) })
    const start = await scheduler.initialSample([B, N], generator()).read()
    expect(start).toEqual(twin.initialSample([B, N], generator()).data)
    const clean = known.tokens
    const noised = await scheduler.addNoise(clean.gpu, [15, 3], generator()).read()
    expect(noised).toEqual(twin.addNoise(clean.twin, [15, 3], generator()).data)
    for (const tokens of [start, noised]) expect([...tokens].every(isInside)).toBe(true)
  })

  gpuTest(device, 'tokens outside of their range are counted, as NaN inside is', async () => {
    const wrong = pair(device, new Uint32Array(B * N).fill(6), [B, N])
    const outside = Array.from({ length: B * N }, (_, i) => isInside(6, i)).filter((inside) => !inside).length
    const everyKnown = pair(device, new Uint32Array(B * N).fill(1), [B, N])
    const logits = logitsOf(B, 9)
    const invalid = pair(device, new Float32Array(B * K * N).fill(NaN), columnsShape(layout, [B, K, N]))
    const counted = async (name: 'gpu' | 'twin') => {
      const engine = (name === 'gpu' ? scheduler : twin) as typeof twin
      const given = { layout, previousTimestep: -1 }
      const step = (modelOutput: Pair, more: object) =>
        engine.step(modelOutput[name] as CpuTensor, 9, wrong[name] as CpuTensor, {
          ...given,
          ...more,
          generator: new RandomGenerator(1),
        })
      step(logits, {})
      const ofSample = await engine.readFaults()
      step(logits, { known: { tokens: wrong[name], mask: everyKnown[name] } })
      const ofKnown = await engine.readFaults()
      engine.addNoise(wrong[name] as CpuTensor, 9, { generator: new RandomGenerator(1) })
      const ofNoise = await engine.readFaults()
      engine.purityStep(logits[name] as CpuTensor, 9, wrong[name] as CpuTensor, {
        layout,
        previousTimestep: 3,
        generator: new RandomGenerator(1),
      })
      const ofPurity = await engine.readFaults()
      step(invalid, {})
      return { ofSample, ofKnown, ofNoise, ofPurity, ofLogits: await engine.readFaults() }
    }
    const want = { invalidColumns: 0, impossibleTokens: outside }
    const got = await counted('gpu')
    expect(got).toEqual(await counted('twin'))
    expect(got).toEqual({
      ofSample: want,
      ofKnown: want,
      ofNoise: want,
      ofPurity: want,
      ofLogits: { invalidColumns: B * N, impossibleTokens: outside },
    })
  })
})

gpuTest(devices.GPUs, 'the routes of a token that is x₀ follow the number of classes of its pixel', async () => {
  // Much is replaced, and the network is sure of the tokens that there are: the number of classes then matters most.
  const [K, N] = [8, 4096]
  const options = {
    num_vec_classes: K + 1,
    num_train_timesteps: 12,
    alpha_cum_start: 0.97,
    alpha_cum_end: 0.05,
    gamma_cum_start: 0.01,
    gamma_cum_end: 0.2,
    class_range: Array.from({ length: N }, (_, n): [number, number] => [0, n % K]),
  }
  const scheduler = await VQDiffusionScheduler.create(devices.GPUs, options)
  const twin = await CpuScheduler.create(options)
  const logits = pair(
    devices.GPUs,
    Float32Array.from({ length: N * K }, (_, i) => (i % K === 0 ? 9 : 0)),
    [1, N, K],
  )
  const zeros = pair(devices.GPUs, new Uint32Array(N), [1, N])
  const given = () => ({ generator: new RandomGenerator(1), layout: 'pixel-major' as const, previousTimestep: 5 })
  const tokens = await scheduler.step(logits.gpu, 8, zeros.gpu, given()).prevSample.read()
  checkSameDraws('x_u', tokens, twin.step(logits.twin, 8, zeros.twin, given()).prevSample.data)
})

gpuTest(devices.GPUs, 'halves are drawn as the same values in f32', async () => {
  const K = 203
  const class_range = rangesOf(K)
  const scheduler = await VQDiffusionScheduler.create(devices.GPUs, { num_vec_classes: K + 1, class_range })
  const halves = new Float16Array(pseudoLogits(K * N, 3))
  const f16 = GpuTensor.from(devices.GPUs, new Uint16Array(halves.buffer), [1, N, K])
  const f32 = GpuTensor.from(devices.GPUs, new Float32Array(halves), [1, N, K])
  const draw = (logits: GpuTensor) =>
    scheduler.step(logits, 60, scheduler.initialSample([1, N], { start: 'mask' }), {
      generator: new RandomGenerator(2),
      layout: 'pixel-major',
      previousTimestep: 3,
    }).prevSample
  expect(await draw(f16).read()).toEqual(await draw(f32).read())
})
