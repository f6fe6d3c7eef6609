import { describe, expect, it } from 'vitest'
import {
  GpuTensor,
  type Layout,
  RandomGenerator,
  requestDevice,
  type StepOptions,
  VQDiffusionScheduler,
} from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler as CpuScheduler, CpuTensor } from 'vq-diffusion-webgpu/cpu'
import type { EngineScheduler, EngineTensor } from '../conformance/engine'
import { checkClose, type Tolerance } from '../support/checks'
import { gpuTest } from '../support/gpu'
import { pseudoLogits, pseudoTokens, pseudoUniforms } from '../support/inputs'
import { compatibilityDevice, softwareDevice } from '../support/launch_shapes'
import { columnsShape, layouts } from '../support/layouts'

/**
 * Kernels that work on columns have one launch shape for GPUs and one for software adapters. All other tests of kernels use
 * the shapes for GPUs; here the other shapes run all that those tests run: their tokens are the twin's, and their numbers
 * agree with the twin's to the tolerances of the golden cases. Every kernel runs here in the shapes for GPUs, too.
 */
const devices = { GPUs: await requestDevice(), 'software adapters': await softwareDevice() }
const software = { 'software adapters': devices['software adapters'] }
const lowest = { 'the lowest limits': await compatibilityDevice() }

/** The workgroup sizes that each device has compiled a kernel for. */
const workgroupSizes = Object.values({ ...devices, ...lowest }).map((device) => {
  const sizes = new Map<string, Set<number>>()
  for (const method of ['createComputePipeline', 'createComputePipelineAsync'] as const) {
    const create = device[method].bind(device) as (descriptor: GPUComputePipelineDescriptor) => never
    device[method] = (descriptor: GPUComputePipelineDescriptor) => {
      const kernel = descriptor.label!.split('/')[1]!
      const size = descriptor.compute.constants?.WORKGROUP_SIZE
      if (size !== undefined) sizes.set(kernel, (sizes.get(kernel) ?? new Set()).add(size))
      return create(descriptor)
    }
  }
  return sizes
})

type Data = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** A scheduler and the way to make its tensors. */
interface Engine<T> {
  readonly scheduler: EngineScheduler<T>
  upload(data: Data, shape: readonly number[]): T
  /** Halves, which the twin reads as the floats of the same values. */
  uploadHalves(data: Float32Array<ArrayBuffer>, shape: readonly number[]): T
}

/** The results of calls on an engine, by name. */
interface Results {
  /** Tokens and counts, which are the twin's. */
  readonly equal?: Record<string, ArrayLike<number>>
  /** Numbers that are close to the twin's. */
  readonly close?: Record<string, ArrayLike<number>>
}

type Calls = <T extends EngineTensor>(engine: Engine<T>) => Promise<Results>

/** Tests of the same calls in each launch shape, or on other devices. */
function shapesTest(
  name: string,
  K: number,
  calls: Calls,
  tolerance: Tolerance = {},
  on: Record<string, GPUDevice> = software,
): void {
  const config = { num_vec_classes: K + 1, num_train_timesteps: 20, gamma_cum_end: 0.9 }
  const onTwin = async () =>
    calls<CpuTensor>({
      scheduler: await CpuScheduler.create(config),
      upload: (data, shape) => new CpuTensor(data, shape),
      uploadHalves: (data, shape) => new CpuTensor(new Float32Array(new Float16Array(data)), shape),
    })
  for (const [shapes, device] of Object.entries(on))
    gpuTest(device, `${name}, shapes for ${shapes}`, async () => {
      const want = await onTwin()
      const scheduler = await VQDiffusionScheduler.create(device, config)
      const got = await calls<GpuTensor>({
        scheduler,
        upload: (data, shape) => GpuTensor.from(device, data as Float32Array, shape),
        uploadHalves: (data, shape) => GpuTensor.from(device, new Uint16Array(new Float16Array(data).buffer), shape),
      })
      scheduler.destroy()
      for (const [result, tokens] of Object.entries(want.equal ?? {}))
        expect(got.equal![result], result).toEqual(tokens)
      for (const [result, values] of Object.entries(want.close ?? {}))
        checkClose(result, got.close![result]!, { data: Float32Array.from(values), shape: [] }, tolerance)
    })
}

const N = 50
const sampleData = (K: number, items = 1) => pseudoTokens(items * N, K, 0.5, 1)

/**
 * Steps of several kinds, in both layouts, to noised and to clean data, twice: a kind may come after any other. Either with
 * each option alone, or without options and with all.
 */
function kindsOfSteps(K: number, optionsAlone: boolean): Calls {
  return async ({ scheduler, upload }) => {
    const sample = upload(sampleData(K), [1, N])
    const known = { tokens: upload(pseudoTokens(N, K, 0, 2), [1, N]), mask: upload(pseudoTokens(N, 2, 0, 3), [1, N]) }
    const equal: Record<string, ArrayLike<number>> = {}
    const close: Record<string, ArrayLike<number>> = {}
    for (const round of [1, 2])
      for (const layout of layouts) {
        const shape = columnsShape(layout, [1, K, N])
        const logits = upload(pseudoLogits(K * N, 4), shape)
        const guidance = { scale: 2, unconditional: upload(pseudoLogits(K * N, 5), shape) }
        const everything = { guidance, truncationRate: 0.7, known, diagnostics: true, predOriginalSample: true }
        const alone = Object.entries(everything).map(([name, value]) => ({ [name]: value }))
        const kinds = optionsAlone ? alone : [{}, everything]
        await Promise.all(kinds.map((kind) => scheduler.prepare({ ...kind, layout })))
        for (const previousTimestep of [4, -1])
          for (const kind of kinds) {
            const generator = new RandomGenerator(round)
            const step = scheduler.step(logits, 9, sample, { ...kind, layout, previousTimestep, generator })
            const about = `round ${round}, ${layout}, to ${previousTimestep}, with ${Object.keys(kind)}`
            equal[`${about}: x_u`] = await step.prevSample.read()
            if (step.predOriginalSample) equal[`${about}: x₀`] = await step.predOriginalSample.read()
            if (!step.diagnostics) continue
            equal[`${about}: counts`] = await step.diagnostics.counts.read()
            close[`${about}: entropy`] = await step.diagnostics.entropy.read()
            close[`${about}: top probability`] = await step.diagnostics.topProbability.read()
          }
      }
    return { equal, close }
  }
}

/** Runs a step in both layouts, to noised and to clean data; gives x_u. */
async function inAllWays<T extends EngineTensor>(
  { scheduler }: Engine<T>,
  sample: T,
  options: (layout: Layout, previousTimestep: number) => { modelOutput: T; options: StepOptions<T, T> },
): Promise<Results> {
  const equal: Record<string, ArrayLike<number>> = {}
  for (const layout of layouts)
    for (const previousTimestep of [4, -1]) {
      const { modelOutput, options: more } = options(layout, previousTimestep)
      const { prevSample } = scheduler.step(modelOutput, 9, sample, { ...more, layout, previousTimestep })
      equal[`${layout}, to ${previousTimestep}`] = await prevSample.read()
    }
  return { equal }
}

describe('the twin’s results of', () => {
  const toFloats = { atol: 1e-5, rtol: 1e-5 }
  // With a multiple of four classes, pixel-major logits are read as vectors; with 37 the last group of four is not full.
  shapesTest('steps without options and with all, 36 classes', 36, kindsOfSteps(36, false), toFloats)
  shapesTest('steps without options and with all, 37 classes', 37, kindsOfSteps(37, false), toFloats)
  shapesTest('steps with each option alone, 36 classes', 36, kindsOfSteps(36, true), toFloats)

  // Fewer groups of four classes than lanes, and more than the lanes hold in registers. Rounding makes most logits equal.
  for (const K of [3, 301])
    shapesTest(`truncated and plain steps, ${K} classes`, K, async ({ scheduler, upload }) => {
      const equal: Record<string, ArrayLike<number>> = {}
      const sample = upload(sampleData(K, 2), [2, N])
      const logits = pseudoLogits(4 * K * N, 12, 12).map((value) => Math.round(value / 2))
      const modelOutput = upload(logits, [4, N, K])
      for (const previousTimestep of [4, -1])
        for (const truncationRate of [1, 0.86, 0]) {
          const options = { layout: 'pixel-major', guidance: { scale: 2 }, previousTimestep, truncationRate } as const
          const step = scheduler.step(modelOutput, 9, sample, { ...options, generator: new RandomGenerator(K) })
          equal[`rate ${truncationRate}, to ${previousTimestep}`] = await step.prevSample.read()
        }
      return { equal }
    })

  const K = 37

  shapesTest('steps with f16 logits, guided and truncated', K, (engine) => {
    const sample = engine.upload(sampleData(K, 2), [2, N])
    return inAllWays(engine, sample, (layout) => ({
      modelOutput: engine.uploadHalves(pseudoLogits(4 * K * N, 6, 20), columnsShape(layout, [4, K, N])),
      options: { generator: new RandomGenerator(1), guidance: { scale: 3 }, truncationRate: 0.9 },
    }))
  })

  const suppliedNoise: Calls = (engine) => {
    const rounded = (values: Float32Array<ArrayBuffer>) => values.map((value) => Math.round(value))
    const noise = (length: number) => pseudoUniforms(length, 8).map((value) => (Math.floor(3 * value) + 1) / 4)
    const sample = engine.upload(sampleData(K, 2), [2, N])
    return inAllWays(engine, sample, (layout, u) => {
      const rows = u === -1 ? K : K + 1
      return {
        modelOutput: engine.upload(rounded(pseudoLogits(4 * K * N, 7)), columnsShape(layout, [4, K, N])),
        options: {
          noise: engine.upload(noise(2 * rows * N), columnsShape(layout, [2, rows, N])),
          guidance: { scale: 3 },
        },
      }
    })
  }
  shapesTest('steps with supplied noise, guided, with ties', K, suppliedNoise, {}, devices)

  const invalidColumns: Calls = async ({ scheduler, upload }) => {
    const data = pseudoLogits(K * N, 9)
    data.set([Number.NaN, Infinity], 5 * K)
    data.fill(-Infinity, 8 * K, 9 * K)
    const logits = upload(data, [1, N, K])
    const sample = scheduler.initialSample([1, N], { start: 'mask' })
    const equal: Record<string, ArrayLike<number>> = {}
    const close: Record<string, ArrayLike<number>> = {}
    for (const truncationRate of [1, 0.9])
      for (const previousTimestep of [4, -1]) {
        const options = { layout: 'pixel-major', previousTimestep, truncationRate, diagnostics: true } as const
        const generator = new RandomGenerator(2)
        const { prevSample, diagnostics } = scheduler.step(logits, 9, sample, { ...options, generator })
        const { invalidColumns, impossibleTokens } = await scheduler.readFaults()
        const about = `rate ${truncationRate}, to ${previousTimestep}`
        equal[about] = await prevSample.read()
        equal[`${about}: faults`] = [invalidColumns, impossibleTokens]
        close[`${about}: entropy`] = await diagnostics!.entropy.read()
      }
    return { equal, close }
  }
  shapesTest('invalid columns', K, invalidColumns, toFloats, devices)

  const chainByPurity: Calls = async ({ scheduler, upload }) => {
    const equal: Record<string, ArrayLike<number>> = {}
    for (const layout of layouts) {
      const generator = new RandomGenerator([5, 6])
      let sample = scheduler.initialSample([2, N], { start: 'mask' })
      for (const [t, previousTimestep] of [
        [19, 12],
        [12, 5],
        [5, -1],
      ] as const) {
        const logits = upload(pseudoLogits(4 * K * N, t), columnsShape(layout, [4, K, N]))
        const options = { layout, guidance: { scale: 2 }, priorWeight: 1.5, previousTimestep, generator }
        sample = scheduler.purityStep(logits, t, sample, options).prevSample
        equal[`${layout}, after t = ${t}`] = await sample.read()
      }
    }
    return { equal }
  }
  shapesTest('a chain by purity, guided', K, chainByPurity, {}, devices)

  const denseOperators: Calls = async ({ scheduler, upload }) => {
    const close: Record<string, ArrayLike<number>> = {}
    const xT = upload(sampleData(K), [1, N])
    for (const layout of layouts) {
      const shape = columnsShape(layout, [1, K, N])
      const logits = upload(pseudoLogits(K * N, 10), shape)
      const guidance = { scale: 2.5, unconditional: upload(pseudoLogits(K * N, 11), shape) }
      const purity = scheduler.purityPrior(logits, xT, { layout, priorWeight: 1.5 })
      const results = {
        qPosterior: scheduler.qPosterior(logits, xT, 9, { layout, previousTimestep: 4 }),
        logPX0: scheduler.logPX0(logits, { layout }),
        'logPX0, guided and truncated': scheduler.logPX0(logits, {
          layout,
          guidance,
          truncationRate: 0.9,
          minimum: -70,
        }),
        logProb: purity.logProb,
        selectionWeight: purity.selectionWeight,
      }
      for (const [name, tensor] of Object.entries(results)) close[`${name}, ${layout}`] = await tensor.read()
    }
    return { close }
  }
  shapesTest('dense operators', K, denseOperators, { atol: 5e-5, rtol: 1e-6 }, devices)

  // With so many classes the step has 256 lanes for a column, where the device allows them.
  const manyClasses = 2049
  const everyKernel: Calls = async ({ scheduler, upload }) => {
    const [N, layout] = [6, 'pixel-major' as const]
    const floats = (values: typeof pseudoLogits, rows: number, seed: number) =>
      upload(values(rows * N, seed), [1, N, rows])
    const [logits, unconditional] = [floats(pseudoLogits, manyClasses, 4), floats(pseudoLogits, manyClasses, 5)]
    const sample = upload(pseudoTokens(N, manyClasses, 0.5, 1), [1, N])
    const masks = scheduler.initialSample([1, N], { start: 'mask' })
    const known = {
      tokens: upload(pseudoTokens(N, manyClasses, 0, 2), [1, N]),
      mask: upload(pseudoTokens(N, 2, 0, 3), [1, N]),
    }
    const bySeed = { layout, generator: new RandomGenerator(1), previousTimestep: 4 }
    const guided = scheduler.step(logits, 9, sample, {
      ...bySeed,
      guidance: { scale: 2, unconditional },
      known,
      diagnostics: true,
    })
    const steps = {
      guided,
      truncated: scheduler.step(logits, 9, sample, { ...bySeed, truncationRate: 0.9 }),
      'with noise': scheduler.step(logits, 9, sample, {
        layout,
        previousTimestep: 4,
        noise: floats(pseudoUniforms, manyClasses + 1, 8),
      }),
      last: scheduler.step(logits, 9, masks, { ...bySeed, previousTimestep: -1 }),
      'last, class-major': scheduler.step(upload(pseudoLogits(manyClasses * N, 6), [1, manyClasses, N]), 9, masks, {
        generator: bySeed.generator,
        previousTimestep: -1,
      }),
      'by purity': scheduler.purityStep(logits, 9, masks, { ...bySeed, priorWeight: 1 }),
    }
    const tokens = {
      initialSample: scheduler.initialSample([1, N], { generator: bySeed.generator }),
      addNoise: scheduler.addNoise(guided.prevSample, 9, { generator: bySeed.generator }),
    }
    const numbers = {
      entropy: guided.diagnostics!.entropy,
      qPosterior: scheduler.qPosterior(logits, sample, 9, { layout, previousTimestep: 4 }),
      logPX0: scheduler.logPX0(logits, { layout, truncationRate: 0.9 }),
      logProb: scheduler.purityPrior(logits, sample, { layout, priorWeight: 1.5 }).logProb,
      gumbelNoised: scheduler.gumbelNoised(logits, floats(pseudoUniforms, manyClasses, 9)),
    }
    const equal: Record<string, ArrayLike<number>> = {}
    const close: Record<string, ArrayLike<number>> = {}
    for (const [name, { prevSample }] of Object.entries(steps)) equal[`the step ${name}`] = await prevSample.read()
    for (const [name, tensor] of Object.entries(tokens)) equal[name] = await tensor.read()
    for (const [name, tensor] of Object.entries(numbers)) close[name] = await tensor.read()
    return { equal, close }
  }
  shapesTest('every kernel, 2049 classes', manyClasses, everyKernel, { atol: 5e-5, rtol: 1e-6 }, lowest)

  it('every kernel that works on columns: 64 invocations or more for GPUs, 16 at most for software adapters', () => {
    const [gpu, software, compatibility] = workgroupSizes.map((sizes) => new Map([...sizes].sort()))
    const kernels = 'diagnostics guide gumbel_max posterior reveal sharpen step top_probability'.split(' ')
    expect([...gpu!.keys()]).toEqual(kernels)
    expect([...software!.keys()]).toEqual(kernels)
    expect([...compatibility!.keys()]).toEqual(kernels)
    for (const sizes of gpu!.values()) expect(Math.min(...sizes)).toBeGreaterThanOrEqual(64)
    for (const sizes of software!.values()) expect(Math.max(...sizes)).toBeLessThanOrEqual(16)
    for (const sizes of compatibility!.values()) expect(Math.max(...sizes)).toBeLessThanOrEqual(128)
  })
})
