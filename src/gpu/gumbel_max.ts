import gumbelMax from '../../shaders/gumbel_max.wgsl'
import type { PosteriorCoefficients } from '../process/posterior'
import type { GpuContext } from './context'
import { isClassMajor, type LogitsSource, logitsBuffers, logitsFeatures, logitsParameters } from './logits'
import { finiteLog, ParameterBuffer, type ParameterValue } from './parameters'
import type { GpuTensor } from './tensor'
import { columnWorkgroups, overrideConstants } from './workgroups'

/** One use of the closed-form posterior (posterior.wgsl of lib/). */
export interface PosteriorCall {
  readonly logits: LogitsSource
  readonly sample: GpuTensor
  readonly noise?: GpuTensor
  readonly output: GpuTensor
  /** Rows that are written or drawn from. */
  readonly rows: number
  readonly batchSize: number
  readonly numPixels: number
  /** One per batch item; empty if the posterior is not used. */
  readonly coefficients: readonly PosteriorCoefficients[]
}

export interface GumbelMaxCall extends PosteriorCall {
  readonly noise: GpuTensor
  readonly faults: GpuTensor
}

/** The struct Posterior of lib/posterior.wgsl. */
export function posteriorParameters(call: PosteriorCall): ParameterValue {
  return {
    ...logitsParameters(call.logits),
    num_tokens: call.batchSize * call.numPixels,
    num_pixels: call.numPixels,
    class_major: isClassMajor(call.logits.layout),
    rows: call.rows,
    sample_offset: call.sample.offset,
    noise_offset: call.noise?.offset ?? 0,
    output_offset: call.output.offset,
    items: call.coefficients.map((item) => ({
      masked_class: finiteLog(item.maskedClass),
      masked_any: finiteLog(item.maskedAny),
      masked_mask: finiteLog(item.maskedMask),
      cumulative_other: finiteLog(item.cumulativeOther),
      cumulative_same: finiteLog(item.cumulativeSame),
      step_other: finiteLog(item.stepOther),
      step_same: finiteLog(item.stepSame),
      log_keep: finiteLog(item.logKeep),
      log_replace: finiteLog(item.logReplace),
      ordinary_mask: finiteLog(item.ordinaryMask),
      mask_possible: item.maskPossible ? 1 : 0,
      ordinary_possible: item.ordinaryPossible ? 1 : 0,
    })),
  }
}

/** The draw of diffusers' step: argmax of scores + Gumbel noise of supplied uniforms. */
export class GumbelMax {
  readonly #parameters: ParameterBuffer

  constructor(private readonly context: GpuContext) {
    this.#parameters = context.own(new ParameterBuffer(context.device, 'vqd/gumbel_max/parameters', gumbelMax))
  }

  /**
   * Records a step: the scores are the posterior of the logits or, with K rows, the logits.
   *
   * @param separately whether the encoder is submitted later than the next call
   */
  encodeStep(encoder: GPUCommandEncoder, call: GumbelMaxCall, separately = false): void {
    const { numCodes } = this.context.process
    this.#encode(encoder, call, { POSTERIOR: call.rows > numCodes, COUNTED: true }, numCodes, separately)
  }

  /** Records a draw from the logits, over all their rows; the tokens of `sample` are not counted. */
  encodeDraw(encoder: GPUCommandEncoder, call: GumbelMaxCall): void {
    this.#encode(encoder, call, {}, call.rows, false)
  }

  #encode(
    encoder: GPUCommandEncoder,
    call: GumbelMaxCall,
    features: { POSTERIOR?: boolean; COUNTED?: boolean },
    numCodes: number,
    separately: boolean,
  ): void {
    const { logits, sample, noise, output, faults } = call
    const columns = call.batchSize * call.numPixels
    if (columns === 0) return
    const { kernels, launchShapes } = this.context
    const values = posteriorParameters(call)
    const shape = launchShapes.columns(numCodes, logits.layout)
    const logitBuffers = logitsBuffers(logits)
    const buffers = {
      ...logitBuffers,
      parameters: this.#parameters.upload(values, separately),
      x_t: sample.buffer,
      noise: noise.buffer,
      x_prev: output.buffer,
      faults: faults.buffer,
    }
    const variant = {
      shader: gumbelMax,
      features: { ...logitsFeatures(logits), ...features },
      constants: overrideConstants(numCodes, shape),
      bindings: ['parameters', 'x_t', 'noise', 'x_prev', 'faults', ...Object.keys(logitBuffers)],
    }
    const pass = encoder.beginComputePass({ label: 'vqd/gumbel_max' })
    kernels.dispatch(pass, kernels.get(variant), buffers, columnWorkgroups(kernels.device, columns, shape))
    pass.end()
  }
}
