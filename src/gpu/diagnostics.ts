import shader from '../../shaders/diagnostics.wgsl'
import countsShader from '../../shaders/step_counts.wgsl'
import type { KnownTokens, Layout, StepDiagnostics } from '../options'
import type { GpuContext } from './context'
import type { KernelVariant } from './kernels'
import { type LogitsSource, logitsBuffers, logitsFeatures, readsVectors } from './logits'
import type { Features } from './shader'
import type { GpuTensor } from './tensor'
import { elementWorkgroups, overrideConstants } from './workgroups'

/** Records diagnostics of a step: entropy, top probability, and the numbers of tokens changed and of columns read. */
export class Diagnostics {
  constructor(private readonly context: GpuContext) {}

  /** The kernels of a step with these features. */
  variants(features: Features, layout: Layout): KernelVariant[] {
    return [this.#variant(features, layout), this.#countsVariant(features)]
  }

  #variant({ GUIDED, F16, VECTORS, CLASS_RANGES }: Features, layout: Layout): KernelVariant {
    const { process, launchShapes } = this.context
    return {
      shader,
      features: { GUIDED, F16, VECTORS, CLASS_RANGES },
      constants: overrideConstants(process.numCodes, launchShapes.columns(process.numCodes, layout)),
      bindings: [
        'step',
        'conditional',
        'entropy',
        'top_probability',
        ...(GUIDED ? ['unconditional'] : []),
        ...(CLASS_RANGES ? ['class_ranges'] : []),
      ],
    }
  }

  #countsVariant({ KNOWN, CLASS_RANGES }: Features): KernelVariant {
    return {
      shader: countsShader,
      features: { KNOWN, CLASS_RANGES },
      constants: { NUM_CODES: this.context.process.numCodes },
      bindings: [
        'step',
        'x_t',
        'x_prev',
        'counts',
        ...(KNOWN ? ['known_mask'] : []),
        ...(CLASS_RANGES ? ['class_ranges'] : []),
      ],
    }
  }

  /**
   * Records the dispatches after the step's own.
   *
   * @param parameters of the step's kernel
   */
  dispatch(
    pass: GPUComputePassEncoder,
    {
      logits,
      sample,
      prevSample,
      known,
    }: {
      logits: LogitsSource
      sample: GpuTensor
      prevSample: GpuTensor
      known?: KnownTokens<GpuTensor> | undefined
    },
    parameters: GPUBuffer,
    { entropy, topProbability, counts }: StepDiagnostics<GpuTensor>,
  ): void {
    const { kernels, process, launchShapes } = this.context
    const { layout } = logits
    const features = {
      ...logitsFeatures(logits),
      KNOWN: known !== undefined,
      VECTORS: readsVectors(logits, process.numCodes),
      CLASS_RANGES: process.classRanges !== undefined,
    }
    const buffers = {
      ...logitsBuffers(logits),
      step: parameters,
      x_t: sample.buffer,
      x_prev: prevSample.buffer,
      entropy: entropy.buffer,
      top_probability: topProbability.buffer,
      counts: counts.buffer,
      known_mask: known?.mask.buffer,
      class_ranges: this.context.classRanges,
    }
    const counting = kernels.get(this.#countsVariant(features))
    kernels.dispatch(pass, counting, buffers, elementWorkgroups(sample.size))
    const shape = launchShapes.columns(process.numCodes, layout)
    const workgroups = Math.ceil((sample.size * shape.lanes) / shape.workgroupSize)
    kernels.dispatch(pass, kernels.get(this.#variant(features, layout)), buffers, workgroups)
  }
}
