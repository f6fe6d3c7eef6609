import shader from '../../shaders/diagnostics.wgsl'
import type { Layout, StepDiagnostics } from '../options'
import type { GpuContext } from './context'
import type { KernelVariant } from './kernels'
import { isClassMajor, type LogitsSource, logitsBuffers, logitsFeatures, logitsParameters } from './logits'
import { ParameterBuffer } from './parameters'
import type { Features } from './shader'
import type { GpuTensor } from './tensor'
import { columnWorkgroups, overrideConstants } from './workgroups'

/** Records diagnostics of a step: entropy, top probability, and the number of tokens changed. */
export class Diagnostics {
  readonly #parameters: ParameterBuffer

  constructor(private readonly context: GpuContext) {
    this.#parameters = context.own(new ParameterBuffer(context.device, 'vqd/diagnostics/parameters', shader))
  }

  variant(features: Features, layout: Layout): KernelVariant {
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

  /** Records the dispatch after the step's own. */
  dispatch(
    pass: GPUComputePassEncoder,
    step: { logits: LogitsSource; sample: GpuTensor; prevSample: GpuTensor; numPixels: number },
    { entropy, topProbability, counts }: StepDiagnostics<GpuTensor>,
    separately: boolean,
  ): void {
    const { kernels, process, launchShapes } = this.context
    const { logits, sample, prevSample, numPixels } = step
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
    const kernel = kernels.get(this.variant(logitsFeatures(logits), logits.layout))
    const shape = launchShapes.columns(process.numCodes, logits.layout)
    kernels.dispatch(pass, kernel, buffers, columnWorkgroups(kernels.device, sample.size, shape))
  }
}
