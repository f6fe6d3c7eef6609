import { describe, expect } from 'vitest'
import { GpuTensor, RandomGenerator, requestDevice, VQDiffusionScheduler } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import type { LogPX0Options } from '../src/options'
import { checkClose } from './conformance/checks'
import { layouts } from './conformance/layouts'
import { gpuTest, pseudoLogits, pseudoTokens } from './gpu'
import { badOperatorCalls } from './operator_errors'

/**
 * Every dense operator of the GPU scheduler against its float64 twin: random inputs of odd sizes, excluded classes and
 * a worthless column among them, a timestep per item; to the tolerances of the reference fixtures.
 */
const device = await requestDevice()
const [B, K, N] = [3, 37, 53]
const options = { num_vec_classes: K + 1, num_train_timesteps: 20, gamma_cum_end: 0.9 }
const gpu = await VQDiffusionScheduler.create(device, options)
const twin = await CpuScheduler.create(options)
const times = [19, 7, 0]

/** The same values on both engines. */
interface Pair {
  readonly gpu: GpuTensor
  readonly twin: CpuTensor
}

function pair(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]): Pair {
  return { gpu: GpuTensor.from(device, data as Float32Array, shape), twin: new CpuTensor(data, shape) }
}

/** Random logits of `items` items; every 11th −∞, and in items that there are always some, NaN and +∞. */
function logits(layout: 'class-major' | 'pixel-major', seed: number, items = B): Pair {
  const data = pseudoLogits(items * K * N, seed).map((value, i) => (i % 11 === 5 ? -Infinity : value))
  data[100] = NaN
  data[2000] = Infinity
  return pair(data, layout === 'class-major' ? [items, K, N] : [items, N, K])
}

/** Logits of few values, so that most rank by their class. */
function tied(layout: 'class-major' | 'pixel-major'): Pair {
  const data = pseudoLogits(B * K * N, 8).map((value) => Math.round(value / 4))
  return pair(data, layout === 'class-major' ? [B, K, N] : [B, N, K])
}

/** Random tokens; the fourth is no class, which the operators read as the mask. */
function tokens(maskShare: number, seed: number): Pair {
  const data = pseudoTokens(B * N, K, maskShare, seed)
  data[3] = K + 5
  return pair(data, [B, N])
}

/** Both results have one shape, and values within the tolerance; what is not finite is equal. */
async function agree(got: GpuTensor, want: CpuTensor, tolerance: { atol?: number; rtol?: number }): Promise<void> {
  expect(got.shape).toEqual(want.shape)
  checkClose('the GPU', await got.read(), { data: Float32Array.from(want.data), shape: want.shape }, tolerance)
}

const guidances: [name: string, run: (layout: (typeof layouts)[number]) => [Pair, LogPX0Options<Pair>]][] = [
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
        ...{ layout, outputLayout: 'class-major', truncationRate: 0.9, minimum: -70 },
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
      await agree(got, want, { atol: 5e-5, rtol: 1e-6 })
    }
  })

  gpuTest(device, 'indexToLogOnehot', async () => {
    const x = tokens(0.3, 2)
    for (const numClasses of [K, K + 1])
      await agree(
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
      await agree(got, want, { atol: 1e-5, rtol: 1e-6 })
    }
  })

  gpuTest(device, 'applyCumulativeTransitions', async () => {
    const q = logits(layout, 4)
    const t = [19, 7, -1]
    await agree(
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
      await agree(got, want, { atol: 1e-4, rtol: 1e-6 })
    })
})

describe('the twin agrees on operators without a layout:', () => {
  gpuTest(device, 'gumbelNoised', async () => {
    const scores = logits('class-major', 5)
    const uniforms = pseudoLogits(B * K * N, 6, 1).map((value) => value + 0.5)
    uniforms.set([0, 1, 2 ** -24, 1 - 2 ** -24])
    const noise = pair(uniforms, scores.twin.shape)
    await agree(gpu.gumbelNoised(scores.gpu, noise.gpu), twin.gumbelNoised(scores.twin, noise.twin), {
      ...{ atol: 2e-5, rtol: 2e-6 },
    })
  })

  gpuTest(device, 'lookupCodebook', async () => {
    const codebook = pair(pseudoLogits(K * 5, 7), [K, 5])
    const indices = tokens(0.1, 7)
    const got = gpu.lookupCodebook(codebook.gpu, indices.gpu)
    await agree(got, twin.lookupCodebook(codebook.twin, indices.twin), {})
    expect(await gpu.readFaults()).toEqual(await twin.readFaults())
  })

  gpuTest(device, 'addNoise: the very same tokens, a seed and a timestep per item', async () => {
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
    const noise = pair(
      pseudoLogits(B * (K + 1) * N, 10, 1).map((value) => value + 0.5),
      [B, K + 1, N],
    )
    const got = await gpu.addNoise(x0.gpu, times, { noise: noise.gpu }).read()
    expect(got).toEqual(twin.addNoise(x0.twin, times, { noise: noise.twin }).data)
    expect(await gpu.readFaults()).toEqual(await twin.readFaults())
  })
})

describe('the GPU refuses what the twin refuses:', async () => {
  const small = await VQDiffusionScheduler.create(device, { num_vec_classes: 5, num_train_timesteps: 10 })
  const upload = (data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, shape: readonly number[]): GpuTensor =>
    GpuTensor.from(device, data as Float32Array, shape)
  for (const { name, error, message, call } of badOperatorCalls<GpuTensor>(small, upload))
    gpuTest(device, name, async () => {
      expect(call).toThrow(error)
      expect(call).toThrow(message)
    })
})
