import addNoise from '../../shaders/add_noise.wgsl'
import initialSample from '../../shaders/initial_sample.wgsl'
import {
  elementCount,
  requireGenerator,
  requireMethod,
  requireOneOf,
  requireOptions,
  requireSample,
  requireSampleShape,
} from '../checks'
import { forwardThresholds, threshold } from '../process/routes'
import { initialMaskProbability } from '../process/schedule'
import type { RandomGenerator } from '../random'
import type { GpuContext } from './context'
import type { KernelVariant } from './kernels'
import { ParameterBuffer } from './parameters'
import type { Shader } from './shader'
import { asGpuTensor, type GpuTensor, requireBindable } from './tensor'

/** The start of a chain and the forward process, drawn by seed. */
export class ForwardProcess {
  readonly #initialParameters: ParameterBuffer
  readonly #noiseParameters: ParameterBuffer

  /** Creates the parameter buffers; `context.destroy()` frees them. */
  constructor(private readonly context: GpuContext) {
    requireMethod('context', context, 'assertUsable', 'a GpuContext')
    const { device } = context
    this.#initialParameters = context.own(new ParameterBuffer(device, 'vqd/initial_sample/parameters', initialSample))
    this.#noiseParameters = context.own(new ParameterBuffer(device, 'vqd/add_noise/parameters', addNoise))
  }

  /** Compiles `initialSample`. Rejects with ShaderError. */
  prepare(): Promise<void> {
    return this.context.kernels.compile([this.#initialVariant])
  }

  /**
   * The start of a chain, u32 [B, N]: the mask with probability c̄ / (c̄ + K·b̄) of the last timestep, else a uniform class;
   * with `start: 'mask'` masks only, as in diffusers. Throws OptionError, ShapeError.
   */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    options: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): GpuTensor<'u32'> {
    const { context } = this
    const { process } = context
    const { maskClass, schedule } = process
    context.assertUsable()
    const { generator, start = 'noise' } = requireOptions('initialSample', options, { generator: true, start: true })
    const { batchSize, numPixels } = requireSampleShape('initialSample', shape)
    process.requirePixels('initialSample', numPixels)
    requireBindable(context.device, shape, 'u32')
    const tokens = elementCount(shape)
    requireOneOf('start', start, ['noise', 'mask'])
    if (start === 'noise' || generator !== undefined) requireGenerator('initialSample', generator)
    if (start === 'mask') return context.uploadTokens(new Uint32Array(tokens).fill(maskClass), shape)
    this.#initialParameters.requireItems(batchSize)
    const streams = generator!.streams(batchSize)
    const sample = context.emptyTokens(shape, 'vqd/sample')
    const counter = generator!.nextCounter()
    if (tokens === 0) return sample
    const parameters = this.#initialParameters.upload({
      num_tokens: tokens,
      num_pixels: numPixels,
      counter,
      mask_threshold: threshold(initialMaskProbability(schedule)),
      streams,
    })
    const buffers = { parameters, x_t: sample.buffer, class_ranges: context.classRanges }
    context.submitElements(this.#initialVariant, tokens, buffers)
    return sample
  }

  /**
   * The forward process: x_t of clean tokens, u32 [B, N], drawn with a generator, which advances
   * (docs/MATH.md#forward-process). Tokens that are no ordinary class are counted as impossible. Throws TimestepError,
   * OptionError, ShapeError, DtypeError.
   */
  addNoise(
    x0: GpuTensor,
    t: number | readonly number[],
    options: { generator: RandomGenerator; faults?: GpuTensor },
  ): GpuTensor<'u32'> {
    const { context } = this
    const { process } = context
    context.assertUsable()
    const { generator, faults } = requireOptions('addNoise', options, { generator: true, faults: true })
    requireGenerator('addNoise', generator)
    const clean = asGpuTensor(context.device, 'x0', x0)
    const { batchSize, numPixels } = requireSample('x0', clean)
    process.requirePixels('x0', numPixels)
    this.#noiseParameters.requireItems(batchSize)
    const steps = process.resolveSteps(t, -1, batchSize)
    const counters = context.faultsOf(faults, [clean])
    const streams = generator.streams(batchSize)
    const output = context.emptyTokens(clean.shape, 'vqd/sample')
    const counter = generator.nextCounter()
    if (clean.size === 0) return output
    const parameters = this.#noiseParameters.upload({
      num_tokens: clean.size,
      num_pixels: numPixels,
      counter,
      x_0_offset: clean.offset,
      items: streams.map((stream, item) => ({
        stream,
        thresholds: forwardThresholds(process.schedule, steps[item]!.t),
      })),
    })
    context.submitElements(this.#variant(addNoise, ['parameters', 'x_0', 'x_t', 'faults']), clean.size, {
      parameters,
      x_0: clean.buffer,
      x_t: output.buffer,
      faults: counters.buffer,
      class_ranges: context.classRanges,
    })
    return output
  }

  get #initialVariant(): KernelVariant {
    return this.#variant(initialSample, ['parameters', 'x_t'])
  }

  #variant(shader: Shader, bindings: readonly string[]): KernelVariant {
    const { numCodes, classRanges } = this.context.process
    return {
      shader,
      features: { CLASS_RANGES: classRanges !== undefined },
      constants: { NUM_CODES: numCodes },
      bindings: [...bindings, ...(classRanges ? ['class_ranges'] : [])],
    }
  }
}
