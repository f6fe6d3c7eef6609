import { describe, expect } from 'vitest'
import {
  type GpuTensor,
  type Layout,
  type LogPX0Options,
  RandomGenerator,
  requestDevice,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, type CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { invalidOperatorCalls } from '../errors/operator_calls'
import { checkClose, type Tolerance } from '../support/checks'
import { gpuTest } from '../support/gpu'
import { type Pair, pair, pseudoLogits, pseudoTokens, pseudoUniforms, upload } from '../support/inputs'
import { columnsShape, layouts } from '../support/layouts'

/**
 * Every dense operator of the GPU scheduler against its float64 twin: random inputs of odd sizes, with excluded classes and
 * invalid columns, a timestep for each item; to the tolerances of the golden cases.
 */
const device = await requestDevice()
const [B, K, N] = [3, 37, 53]
const options = { num_vec_classes: K + 1, num_train_timesteps: 20, gamma_cum_end: 0.9 }
const gpu = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)
const times = [19, 7, 0]

/** Random logits of `items` items: every 11th −∞, a NaN and a +∞. */
function logits(layout: Layout, seed: number, items = B): Pair {
  const data = pseudoLogits(items * K * N, seed).map((value, i) => (i % 11 === 5 ? -Infinity : value))
  data[100] = NaN
  data[2000] = Infinity
  return pair(device, data, columnsShape(layout, [items, K, N]))
}

/** Logits of few different values, so that most of them rank by their class. */
function tied(layout: Layout): Pair {
  const data = pseudoLogits(B * K * N, 8).map((value) => Math.round(value / 4))
  return pair(device, data, columnsShape(layout, [B, K, N]))
}

/** Random tokens; the fourth is no class, so the operators read it as the mask. */
function tokens(maskShare: number, seed: number): Pair {
  const data = pseudoTokens(B * N, K, maskShare, seed)
  data[3] = K + 5
  return pair(device, data, [B, N])
}

/** Fails unless both results have the same shape, and values within the tolerance; non-finite values have to be equal. */
async function checkAgreement(got: GpuTensor, want: CpuTensor, tolerance: Tolerance): Promise<void> {
  expect(got.shape).toEqual(want.shape)
  checkClose('the GPU', await got.read(), { data: Float32Array.from(want.data), shape: want.shape }, tolerance)
}

const guidances: [name: string, run: (layout: Layout) => [Pair, LogPX0Options<Pair>]][] = [
  ['log-softmax', (layout) => [logits(layout, 1), { layout }]],
  ['truncation', (layout) => [logits(layout, 1), { layout, truncationRate: 0.8 }]],
  ['truncation of ties', (layout) => [tied(layout), { layout, truncationRate: 0.8 }]],
  ['truncation of ties to one', (layout) => [tied(layout), { layout, truncationRate: 0 }]],
  ['truncation to one', (layout) => [logits(layout, 1), { layout, truncationRate: 0 }]],
  ['clamp alone', (layout) => [logits(layout, 1), { layout, normalise: false, minimum: -2 }]],
  ['another layout', (layout) => [logits(layout, 1), { layout, outputLayout: 'pixel-major' }]],
  [
    'everything',
    (layout) => [
      logits(layout, 1),
      {
        layout,
        outputLayout: 'class-major',
        truncationRate: 0.9,
        minimum: -70,
        guidance: { scale: 2.5, unconditional: logits(layout, 2) },
      },
    ],
  ],
  ['guidance of halves', (layout) => [logits(layout, 3, 2 * B), { layout, guidance: { scale: 1.5 } }]],
]

describe.each(layouts)('the twin agrees on operators of %s tensors:', (layout) => {
  gpuTest(device, 'qPosterior, of one step and of several', async () => {
    const [logPX0, xT] = [logits(layout, 11), tokens(0.5, 1)]
    for (const previousTimestep of [
      [18, 6, -1],
      [3, -1, -1],
    ]) {
      const got = gpu.qPosterior(logPX0.gpu, xT.gpu, times, { layout, previousTimestep })
      const want = twin.qPosterior(logPX0.twin, xT.twin, times, { layout, previousTimestep })
      await checkAgreement(got, want, { atol: 5e-5, rtol: 1e-6 })
    }
  })

  gpuTest(device, 'indexToLogOnehot', async () => {
    const x = tokens(0.3, 2)
    for (const numClasses of [K, K + 1])
      await checkAgreement(
        gpu.indexToLogOnehot(x.gpu, numClasses, { layout }),
        twin.indexToLogOnehot(x.twin, numClasses, { layout }),
        { atol: 8e-6 },
      )
    expect(await gpu.readFaults()).toEqual(await twin.readFaults())
  })

  gpuTest(device, 'logQTTransitioningToKnownClass', async () => {
    const xT = tokens(0.5, 3)
    for (const cumulative of [true, false]) {
      const got = gpu.logQTTransitioningToKnownClass({ t: times, xT: xT.gpu, cumulative, layout })
      const want = twin.logQTTransitioningToKnownClass({ t: times, xT: xT.twin, cumulative, layout })
      await checkAgreement(got, want, { atol: 1e-5, rtol: 1e-6 })
    }
  })

  gpuTest(device, 'applyCumulativeTransitions', async () => {
    const q = logits(layout, 4)
    const t = [19, 7, -1]
    await checkAgreement(
      gpu.applyCumulativeTransitions(q.gpu, t, { layout }),
      twin.applyCumulativeTransitions(q.twin, t, { layout }),
      { atol: 1e-5, rtol: 1e-6 },
    )
  })

  for (const [name, make] of guidances)
    gpuTest(device, `logPX0, ${name}`, async () => {
      const [modelOutput, { guidance, ...rest }] = make(layout)
      const on = (engine: 'gpu' | 'twin') => {
        if (!guidance) return rest
        const unconditional = guidance.unconditional?.[engine]
        return { ...rest, guidance: { scale: guidance.scale, ...(unconditional && { unconditional }) } }
      }
      const got = gpu.logPX0(modelOutput.gpu, on('gpu') as LogPX0Options<GpuTensor>)
      const want = twin.logPX0(modelOutput.twin, on('twin') as LogPX0Options<CpuTensor>)
      await checkAgreement(got, want, { atol: 1e-4, rtol: 1e-6 })
    })
})

describe('the twin agrees on operators without a layout:', () => {
  gpuTest(device, 'gumbelNoised', async () => {
    const scores = logits('class-major', 5)
    const uniforms = pseudoUniforms(B * K * N, 6)
    uniforms.set([0, 1, 2 ** -24, 1 - 2 ** -24])
    const noise = pair(device, uniforms, scores.twin.shape)
    const got = gpu.gumbelNoised(scores.gpu, noise.gpu)
    await checkAgreement(got, twin.gumbelNoised(scores.twin, noise.twin), { atol: 2e-5, rtol: 2e-6 })
  })

  gpuTest(device, 'lookupCodebook', async () => {
    const codebook = pair(device, pseudoLogits(K * 5, 7), [K, 5])
    const indices = tokens(0.1, 7)
    const got = gpu.lookupCodebook(codebook.gpu, indices.gpu)
    await checkAgreement(got, twin.lookupCodebook(codebook.twin, indices.twin), {})
    expect(await gpu.readFaults()).toEqual(await twin.readFaults())
  })

  gpuTest(device, 'addNoise gives the same tokens, with a seed and a timestep for each item', async () => {
    const x0 = tokens(0.1, 8)
    const [generator, twinGenerator] = [new RandomGenerator([5, 2n ** 63n, 7]), new RandomGenerator([5, 2n ** 63n, 7])]
    for (const t of [times, [10, 11, 12], 15]) {
      const got = await gpu.addNoise(x0.gpu, t, { generator }).read()
      expect(got).toEqual(twin.addNoise(x0.twin, t, { generator: twinGenerator }).data)
      // Each of the three outcomes occurs.
      const outcomes = got.map((token, i) => (token === K ? 0 : token === x0.twin.data[i] ? 1 : 2))
      expect(new Set(outcomes).size).toBe(3)
    }
    expect(generator.state).toEqual(twinGenerator.state)
    expect(await gpu.readFaults()).toEqual(await twin.readFaults())
  })

  gpuTest(device, 'addNoise with supplied noise', async () => {
    const x0 = tokens(0.1, 9)
    const noise = pair(device, pseudoUniforms(B * (K + 1) * N, 10), [B, K + 1, N])
    const got = await gpu.addNoise(x0.gpu, times, { noise: noise.gpu }).read()
    expect(got).toEqual(twin.addNoise(x0.twin, times, { noise: noise.twin }).data)
    expect(await gpu.readFaults()).toEqual(await twin.readFaults())
  })
})

describe('the GPU refuses what the twin refuses:', async () => {
  const small = await VQDiffusionScheduler.create(device, { num_vec_classes: 5, num_train_timesteps: 10 })
  const calls = invalidOperatorCalls<GpuTensor>(small, (data, shape) => upload(device, data, shape))
  for (const { name, error, message, call } of calls)
    gpuTest(device, name, async () => {
      expect(call).toThrow(error)
      expect(call).toThrow(message)
    })
})
