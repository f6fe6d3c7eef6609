import columnsReadShader from '../../shaders/columns_read.wgsl'
import shader from '../../shaders/diagnostics.wgsl'
import type { KnownTokens, Layout, StepDiagnostics } from '../options'
import type { GpuContext } from './context'
import type { KernelVariant } from './kernels'
import { isClassMajor, type LogitsSource, logitsBuffers, logitsFeatures, logitsParameters } from './logits'
import { ParameterBuffer } from './parameters'
import type { Features } from './shader'
import type { GpuTensor } from './tensor'
import { columnWorkgroups, elementWorkgroups, overrideConstants } from './workgroups'

/** Records diagnostics of a step: entropy, top probability, and the numbers of tokens changed and of columns read. */
export class Diagnostics {
  readonly #parameters: ParameterBuffer

  constructor(private readonly context: GpuContext) {
    this.#parameters = context.own(new ParameterBuffer(context.device, 'vqd/diagnostics/parameters', shader))
  }

  /** The kernels of a step with these features. */
  variants({ GUIDED, KNOWN }: Features, layout: Layout): KernelVariant[] {
    return [this.#variant({ GUIDED }, layout), this.#columnsReadVariant(KNOWN === true)]
  }

  #columnsReadVariant(KNOWN: boolean): KernelVariant {
    return {
      shader: columnsReadShader,
      features: { KNOWN },
      constants: { NUM_CODES: this.context.process.numCodes },
      bindings: ['step', 'x_t', 'counts', ...(KNOWN ? ['known_mask'] : [])],
    }
  }

  #variant(features: Features, layout: Layout): KernelVariant {
    const { process, launchShapes } = this.context
    const { numCodes } = process
    return {
      shader,
      features,
      constants: overrideConstants(numCodes, launchShapes.columns(numCodes, layout)),
      bindings: [
        'parameters',
        'conditional',
        'x_t',
        'x_prev',
        'entropy',
        'top_probability',
        'counts',
        ...(features.GUIDED ? ['unconditional'] : []),
      ],
    }
  }

  /** Records the dispatches after the step's own. */
  dispatch(
    pass: GPUComputePassEncoder,
    step: {
      logits: LogitsSource
      sample: GpuTensor
      prevSample: GpuTensor
      numPixels: number
      known?: KnownTokens<GpuTensor> | undefined
      /** Of the step's kernel. */
      parameters: GPUBuffer
    },
    { entropy, topProbability, counts }: StepDiagnostics<GpuTensor>,
    separately: boolean,
  ): void {
    const { kernels, process, launchShapes } = this.context
    const { logits, sample, prevSample, numPixels, known } = step
    const values = {
      ...logitsParameters(logits),
      num_tokens: sample.size,
      num_pixels: numPixels,
      class_major: isClassMajor(logits.layout),
      sample_offset: sample.offset,
      prev_sample_offset: prevSample.offset,
    }
    const buffers = {
      ...logitsBuffers(logits),
      parameters: this.#parameters.upload(values, separately),
      x_t: sample.buffer,
      x_prev: prevSample.buffer,
      entropy: entropy.buffer,
      top_probability: topProbability.buffer,
      counts: counts.buffer,
    }
    const columnsRead = kernels.get(this.#columnsReadVariant(known !== undefined))
    const columnsReadBuffers = { ...buffers, step: step.parameters, known_mask: known?.mask.buffer }
    kernels.dispatch(pass, columnsRead, columnsReadBuffers, elementWorkgroups(sample.size))
    const kernel = kernels.get(this.#variant(logitsFeatures(logits), logits.layout))
    const shape = launchShapes.columns(process.numCodes, logits.layout)
    kernels.dispatch(pass, kernel, buffers, columnWorkgroups(kernels.device, sample.size, shape))
  }
}
