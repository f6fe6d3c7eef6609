import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type Denoiser,
  GpuTensor,
  RandomGenerator,
  requestDevice,
  VQDiffusionPipeline,
  VQDiffusionScheduler,
  WebGPUError,
} from 'vq-diffusion-webgpu'
import { withErrorScopes } from '../support/error_scopes'

/**
 * Work that WebGPU refuses never passes for a result. What a buffer tells is checked at once; what it does not tell, its
 * device and whether it was destroyed, fails when a result is read, and in readFaults. No error reaches the page, later
 * work is unaffected, and so are other chains.
 */
const device = await requestDevice()
const foreign = await requestDevice()
const [K, N, T] = [8, 6, 10]
const scheduler = await VQDiffusionScheduler.create(device, { num_vec_classes: K + 1, num_train_timesteps: T })

const usable = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
type Dtype = 'f32' | 'u32'

/** Buffers that WebGPU refuses, though nothing tells it. */
const refused: Record<string, (shape: readonly number[], dtype: Dtype) => GpuTensor> = {
  'a destroyed buffer': (shape, dtype) => {
    const size = 4 * shape.reduce((a, b) => a * b)
    const buffer = device.createBuffer({ label: 'test/destroyed', size, usage: usable() })
    const tensor = GpuTensor.borrow(device, buffer, shape, dtype)
    buffer.destroy()
    return tensor
  },
  'a buffer of another device': (shape, dtype) => {
    const size = 4 * shape.reduce((a, b) => a * b)
    const buffer = foreign.createBuffer({ label: 'test/foreign', size, usage: usable() })
    return GpuTensor.borrow(device, buffer, shape, dtype)
  },
}

const logits = (items = 1) => GpuTensor.empty(device, [items, K, N], 'f32', 'test/logits')
const rows = (count: number) => GpuTensor.empty(device, [1, count, N], 'f32', 'test/rows')
const sample = () => scheduler.uploadTokens([0, 1, 2, K, K, K], [1, N])
const clean = () => scheduler.uploadTokens([0, 1, 2, 3, 4, 5], [1, N])
const generator = () => new RandomGenerator(3)

/** Every tensor that a call takes, by its shape and dtype, and the tensors that the call gives. */
const uses: [string, readonly number[], Dtype, (bad: GpuTensor) => GpuTensor[]][] = [
  ['step, logits', [1, K, N], 'f32', (bad) => stepTensors({ modelOutput: bad })],
  ['step, both halves', [2, K, N], 'f32', (bad) => stepTensors({ modelOutput: bad, guidance: { scale: 2 } })],
  [
    'step, unconditional',
    [1, K, N],
    'f32',
    (bad) => stepTensors({ guidance: { scale: 2, unconditional: bad }, truncationRate: 0.9 }),
  ],
  ['step, sample', [1, N], 'u32', (bad) => stepTensors({ sample: bad })],
  ['step, out', [1, N], 'u32', (bad) => stepTensors({ out: bad })],
  ['step, x₀', [1, N], 'u32', (bad) => stepTensors({ predOriginalSample: bad })],
  ['step, known tokens', [1, N], 'u32', (bad) => stepTensors({ known: { tokens: bad, mask: clean() } })],
  ['step, mask', [1, N], 'u32', (bad) => stepTensors({ known: { tokens: clean(), mask: bad } })],
  ['step, entropy', [1, N], 'f32', (entropy) => stepTensors({ diagnostics: { ...diagnostics(), entropy } })],
  ['step, counts', [2], 'u32', (counts) => stepTensors({ diagnostics: { ...diagnostics(), counts } })],
  ['step, faults', [2], 'u32', (faults) => stepTensors({ faults })],
  ['step, noise', [1, K + 1, N], 'f32', (noise) => stepTensors({ noise, generator: undefined })],
  ['purityStep, logits', [1, K, N], 'f32', (bad) => [purityStep(bad, sample())]],
  ['purityStep, sample', [1, N], 'u32', (bad) => [purityStep(logits(), bad)]],
  ['purityPrior', [1, K, N], 'f32', (bad) => Object.values(scheduler.purityPrior(bad, sample()))],
  ['qPosterior, logits', [1, K, N], 'f32', (bad) => [scheduler.qPosterior(bad, sample(), 5)]],
  ['qPosterior, sample', [1, N], 'u32', (bad) => [scheduler.qPosterior(logits(), bad, 5)]],
  ['gumbelNoised', [1, K, N], 'f32', (bad) => [scheduler.gumbelNoised(logits(), bad)]],
  ['indexToLogOnehot', [1, N], 'u32', (bad) => [scheduler.indexToLogOnehot(bad, K)]],
  [
    'logQTTransitioningToKnownClass',
    [1, N],
    'u32',
    (xT) => [scheduler.logQTTransitioningToKnownClass({ t: 5, xT, cumulative: true })],
  ],
  ['applyCumulativeTransitions', [1, K, N], 'f32', (bad) => [scheduler.applyCumulativeTransitions(bad, 5)]],
  ['logPX0', [1, K, N], 'f32', (bad) => [scheduler.logPX0(bad)]],
  ['addNoise', [1, N], 'u32', (bad) => [scheduler.addNoise(bad, 5, { generator: generator() })]],
  ['addNoise, faults', [2], 'u32', (faults) => [scheduler.addNoise(clean(), 5, { generator: generator(), faults })]],
  ['addNoise, noise', [1, K + 1, N], 'f32', (noise) => [scheduler.addNoise(clean(), 5, { noise })]],
  ['addNoise with noise', [1, N], 'u32', (bad) => [scheduler.addNoise(bad, 5, { noise: rows(K + 1) })]],
  ['lookupCodebook', [K, 2], 'f32', (bad) => [scheduler.lookupCodebook(bad, clean())]],
  ['lookupCodebook, tokens', [1, N], 'u32', (bad) => [scheduler.lookupCodebook(rowsOf(K, 2), bad)]],
  ['read', [1, N], 'u32', (bad) => [bad]],
  ['clone', [1, N], 'u32', (bad) => [bad.clone()]],
  ['slice', [2, N], 'u32', (bad) => [bad.slice(1, 2)]],
  ['write', [1, N], 'u32', (bad) => [written(bad)]],
  [
    'a step with what a refused step gave',
    [1, K, N],
    'f32',
    (bad) => stepTensors({ sample: stepTensors({ modelOutput: bad })[0]! }),
  ],
]

type StepOptions = Partial<Parameters<VQDiffusionScheduler['step']>[3]>

/** The tensors that a step at t = 5 gives. */
function stepTensors({
  modelOutput = logits(),
  sample: x = sample(),
  ...options
}: StepOptions & { modelOutput?: GpuTensor; sample?: GpuTensor }): GpuTensor[] {
  const { prevSample, predOriginalSample, diagnostics } = scheduler.step(modelOutput, 5, x, {
    ...('generator' in options ? {} : { generator: generator() }),
    ...options,
  })
  return [prevSample, ...(predOriginalSample ? [predOriginalSample] : []), ...Object.values(diagnostics ?? {})]
}

function purityStep(modelOutput: GpuTensor, x: GpuTensor): GpuTensor {
  return scheduler.purityStep(modelOutput, 5, x, { generator: generator() }).prevSample
}

const diagnostics = () => ({ ...scheduler.emptyDiagnostics([1, N]) })
const rowsOf = (...shape: number[]) => GpuTensor.empty(device, shape, 'f32', 'test/rows')

function written(tensor: GpuTensor): GpuTensor {
  tensor.write(Uint32Array.of(0, 1, 2, 3, 4, 5))
  return tensor
}

afterEach(async () => {
  // The counters hold what a refused step was to count.
  await scheduler.readFaults().catch(() => {})
})

describe.each(Object.entries(refused))('with %s', (_, make) => {
  it.each(uses)('%s', async (_, shape, dtype, use) => {
    await withErrorScopes(device, async () => {
      for (const result of use(make(shape, dtype)))
        await expect(result.read()).rejects.toThrow(
          expect.objectContaining({ name: 'WebGPUError', message: expect.stringMatching(/WebGPU refused work .*\[/) }),
        )
      // The same without it.
      await scheduler.readFaults().catch(() => {})
      const good = use(GpuTensor.empty(device, shape, dtype, 'test/good'))
      for (const result of good) expect(await result.read()).toHaveLength(result.size)
      expect((await scheduler.readFaults()).invalidColumns).toBe(0)
    })
  })

  it('readFaults tells it once', async () => {
    await withErrorScopes(device, async () => {
      scheduler.step(make([1, K, N], 'f32'), 5, sample(), { generator: generator() })
      scheduler.step(logits(), 5, sample(), { generator: generator() })
      await expect(scheduler.readFaults()).rejects.toThrow(WebGPUError)
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
    })
  })

  it.each([0, 1, 4])('a chain whose network gives it at step %i, and not the one beside it', async (failing) => {
    await withErrorScopes(device, async () => {
      const options = { numLatentPixels: N, numInferenceSteps: 5, conditioning: undefined }
      const chain = (steps: (step: number) => GpuTensor) => {
        let step = 0
        const denoiser: Denoiser<GpuTensor, undefined> = async () => steps(step++)
        return new VQDiffusionPipeline({ scheduler, denoiser })
      }
      const [alone, beside, bad] = [
        chain(() => logits()),
        chain(() => logits()),
        chain((step) => (step === failing ? make([1, K, N], 'f32') : logits())),
      ]
      const expected = await (await alone.generate({ ...options, seed: 5 })).read()
      const [tokens] = await Promise.all([
        beside.generate({ ...options, seed: 5 }),
        expect(bad.generate({ ...options, seed: 5 })).rejects.toThrow(WebGPUError),
      ])
      expect(await tokens.read()).toEqual(expected)
      expect(await scheduler.readFaults()).toEqual({ invalidColumns: 0, impossibleTokens: 0 })
    })
  })

  it.each([
    ['latents', (tokens: GpuTensor) => ({ latents: tokens })],
    ['an image', (tokens: GpuTensor) => ({ image: { tokens, strength: 0.5 } })],
    ['known tokens', (tokens: GpuTensor) => ({ known: { tokens, mask: clean() } })],
  ])('a chain that begins with it as %s', async (_, start) => {
    await withErrorScopes(device, async () => {
      const pipeline = new VQDiffusionPipeline({ scheduler, denoiser: () => logits() })
      const options = { numLatentPixels: N, numInferenceSteps: 5, seed: 1, ...start(make([1, N], 'u32')) }
      await expect(pipeline.generate(options)).rejects.toThrow(WebGPUError)
    })
  })
})

it('memory that WebGPU could not allocate', async () => {
  const popErrorScope = device.popErrorScope.bind(device)
  vi.spyOn(device, 'popErrorScope').mockImplementationOnce(async () => {
    await popErrorScope()
    return { message: 'not enough memory' }
  })
  await expect(GpuTensor.empty(device, [1, N], 'u32').read()).rejects.toThrow(WebGPUError)
})

describe('what a buffer tells is refused at once:', () => {
  const buffer = (usage: number, mappedAtCreation = false) =>
    device.createBuffer({ label: 'test/buffer', size: 4 * N, usage, mappedAtCreation })
  const tensor = (usage: number) => GpuTensor.borrow(device, buffer(GPUBufferUsage.STORAGE | usage), [1, N], 'u32')
  const mapped = () => buffer(usable(), true)

  it.each([
    [
      'borrowing without STORAGE',
      /needs a buffer with the usage STORAGE; the buffer 'test\/buffer' has COPY_SRC \| COPY_DST/,
      () => GpuTensor.borrow(device, buffer(GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST), [1, N], 'u32'),
    ],
    [
      'borrowing while mapped',
      /needs a buffer that is not mapped; the mapState of the buffer 'test\/buffer' is 'mapped'/,
      () => GpuTensor.borrow(device, mapped(), [1, N], 'u32'),
    ],
    ['reading without COPY_SRC', /GpuTensor.read needs a buffer with the usage COPY_SRC/, () => tensor(0).read()],
    ['cloning without COPY_SRC', /GpuTensor.clone needs a buffer with the usage COPY_SRC/, () => tensor(0).clone()],
    [
      'writing without COPY_DST',
      /GpuTensor.write needs a buffer with the usage COPY_DST; .* has COPY_SRC \| STORAGE/,
      () => tensor(GPUBufferUsage.COPY_SRC).write(new Uint32Array(N)),
    ],
    [
      'a step to an x₀ without COPY_DST',
      /predOriginalSample needs a buffer with the usage COPY_DST/,
      () =>
        stepTensors({ known: { tokens: clean(), mask: clean() }, predOriginalSample: tensor(GPUBufferUsage.COPY_SRC) }),
    ],
    [
      'a step with x₀ and known tokens without COPY_SRC',
      /known.tokens needs a buffer with the usage COPY_SRC/,
      () => stepTensors({ known: { tokens: tensor(0), mask: clean() }, predOriginalSample: true }),
    ],
    [
      'counts without COPY_DST',
      /diagnostics.counts needs a buffer with the usage COPY_DST/,
      () => {
        const counts = GpuTensor.borrow(device, buffer(GPUBufferUsage.STORAGE), [2], 'u32')
        return stepTensors({ diagnostics: { ...diagnostics(), counts } })
      },
    ],
    [
      'an onnxruntime tensor without STORAGE',
      /A tensor needs a buffer with the usage STORAGE; .* has COPY_SRC\./,
      () => {
        const gpuBuffer = device.createBuffer({ label: 'test/buffer', size: 4 * K * N, usage: GPUBufferUsage.COPY_SRC })
        const modelOutput = { location: 'gpu-buffer', type: 'float32', dims: [1, K, N], gpuBuffer }
        return scheduler.step(modelOutput, 5, sample(), { generator: generator() })
      },
    ],
  ] as [string, RegExp, () => unknown][])('%s', async (_, message, call) => {
    await withErrorScopes(device, async () => {
      const outcome = (async () => await call())()
      await expect(outcome).rejects.toThrow(message)
      await expect(outcome).rejects.toThrow(WebGPUError)
    })
  })

  it('a buffer that is mapped after it was borrowed', async () => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC
    const state = { mapState: 'unmapped' }
    // A buffer with STORAGE can be mapped at its creation only, so this one only says so.
    const told = new Proxy(device.createBuffer({ label: 'test/buffer', size: 4 * N, usage }), {
      get: (buffer, name) => (name === 'mapState' ? state.mapState : Reflect.get(buffer, name, buffer)),
    })
    const tokens = GpuTensor.borrow(device, told, [1, N], 'u32')
    state.mapState = 'pending'
    expect(() => tokens.clone()).toThrow(WebGPUError)
    expect(() => scheduler.step(logits(), 5, tokens, { generator: generator() })).toThrow(/sample .* is 'pending'/)
  })
})
