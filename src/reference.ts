import { type Kernels, type KernelVariant, workgroupsFor } from './kernels'
import { ParameterBuffer } from './parameters'
import type { PosteriorCoefficients } from './schedule'
import { columnConstants, columnWorkgroups, spreadFor } from './spread'
import { type LogitsSource, logitsFeatures, type StepFeatures } from './step'
import type { GpuTensor } from './tensor'

const headerWords = 10
const itemWords = 10

/** One use of the posterior: what is read, how many rows come out or are drawn from, where it goes. */
interface PosteriorCall {
  readonly logits: LogitsSource
  readonly sample: GpuTensor
  readonly noise?: GpuTensor
  readonly output: GpuTensor
  readonly rows: number
  readonly numPixels: number
  /** One per batch item. */
  readonly coefficients: readonly PosteriorCoefficients[]
}

interface DrawCall extends PosteriorCall {
  readonly noise: GpuTensor
  readonly faults: GpuTensor
}

/** What becomes of the logits on their way to the reference's scheduler. */
interface GuideCall {
  readonly logits: LogitsSource
  readonly output: GpuTensor
  readonly numPixels: number
  /** Latent pixels of the whole batch. */
  readonly columns: number
  readonly outputClassMajor: boolean
  readonly normalise: boolean
  /** 1: off. */
  readonly truncationRate: number
  readonly minimum: number
}

/** The reference's own operators: the dense posterior, and draws with supplied noise. */
export class Reference {
  readonly #parameters: ParameterBuffer

  constructor(
    private readonly kernels: Kernels,
    private readonly numCodes: number,
  ) {
    this.#parameters = new ParameterBuffer(kernels.device, 'vqd/reference/parameters')
  }

  /** Records the dense posterior: K rows of logits to K + 1 rows. */
  encodePosterior(encoder: GPUCommandEncoder, call: PosteriorCall): void {
    const buffers = [call.logits.conditional.buffer, call.sample.buffer, call.output.buffer]
    this.#encodeColumns(
      encoder,
      call,
      { name: 'posterior', features: logitsFeatures(call.logits) },
      this.numCodes,
      buffers,
    )
  }

  /** Records the reference-identical draw: argmax of (posterior, or for K rows the logits) + Gumbel(noise). */
  encodeDraw(encoder: GPUCommandEncoder, call: DrawCall): void {
    const { logits, rows } = call
    const features = { ...logitsFeatures(logits), POSTERIOR: rows > this.numCodes, COUNTED: true }
    this.#encodeGumbelMax(encoder, call, features, this.numCodes)
  }

  /** Records argmax of scores that need no posterior + Gumbel(noise), over all their rows. */
  encodeArgmax(encoder: GPUCommandEncoder, call: DrawCall): void {
    this.#encodeGumbelMax(encoder, call, {}, call.rows)
  }

  #encodeGumbelMax(encoder: GPUCommandEncoder, call: DrawCall, features: StepFeatures, numCodes: number): void {
    const { logits, sample, noise, output, faults } = call
    const halves = logits.unconditional ? [logits.unconditional.buffer] : []
    const buffers = [logits.conditional.buffer, sample.buffer, noise.buffer, output.buffer, faults.buffer, ...halves]
    this.#encodeColumns(encoder, call, { name: 'gumbel_max', features }, numCodes, buffers)
  }

  /** Records logits + Gumbel(noise), element by element. */
  encodeGumbelNoised(encoder: GPUCommandEncoder, logits: GpuTensor, noise: GpuTensor, output: GpuTensor): void {
    if (logits.size === 0) return
    const parameters = this.#parameters
    parameters.begin(3)
    parameters.u32(logits.size, logits.offset, noise.offset)
    const pass = encoder.beginComputePass({ label: 'vqd/gumbel_noised' })
    const buffers = [parameters.upload(), logits.buffer, noise.buffer, output.buffer]
    const variant = { name: 'gumbel_noised', features: { F16: logits.dtype === 'f16' }, constants: {} } as const
    this.kernels.dispatch(pass, this.kernels.get(variant), buffers, workgroupsFor(logits.size))
    pass.end()
  }

  /** Records guidance, log-softmax, truncation and clamp of K rows. */
  encodeGuide(encoder: GPUCommandEncoder, call: GuideCall): void {
    if (call.columns === 0) return
    const { logits, output, columns, numPixels } = call
    const parameters = this.#parameters
    parameters.begin(10)
    parameters.u32(columns, numPixels, logits.layout === 'class-major' ? 1 : 0, call.outputClassMajor ? 1 : 0)
    parameters.u32(logits.conditional.offset, logits.unconditional?.offset ?? 0)
    parameters.f32(logits.scale)
    parameters.u32(call.normalise ? 1 : 0)
    parameters.f32(call.truncationRate, Math.max(call.minimum, -3.4e38)) // WGSL has no infinity
    const halves = logits.unconditional ? [logits.unconditional.buffer] : []
    const features = logitsFeatures(logits)
    const buffers = [parameters.upload(), logits.conditional.buffer, output.buffer, ...halves]
    const pass = encoder.beginComputePass({ label: 'vqd/guide' })
    const spread = spreadFor(this.kernels.device, this.numCodes, logits.layout)
    const constants = columnConstants(this.numCodes, spread)
    const kernel = this.kernels.get({ name: 'guide', features, constants })
    this.kernels.dispatch(pass, kernel, buffers, columnWorkgroups(columns, spread))
    pass.end()
  }

  destroy(): void {
    this.#parameters.destroy()
  }

  #encodeColumns(
    encoder: GPUCommandEncoder,
    call: PosteriorCall,
    variant: Pick<KernelVariant, 'name' | 'features'>,
    numCodes: number,
    buffers: readonly GPUBuffer[],
  ): void {
    const columns = call.coefficients.length * call.numPixels
    if (columns === 0) return
    const parameters = this.#packParameters(call)
    const spread = spreadFor(this.kernels.device, numCodes, call.logits.layout)
    const kernel = this.kernels.get({ ...variant, constants: columnConstants(numCodes, spread) })
    const pass = encoder.beginComputePass({ label: `vqd/${variant.name}` })
    this.kernels.dispatch(pass, kernel, [parameters, ...buffers], columnWorkgroups(columns, spread))
    pass.end()
  }

  /** Struct Posterior of lib/posterior.wgsl. */
  #packParameters({ logits, sample, noise, output, rows, numPixels, coefficients }: PosteriorCall): GPUBuffer {
    const parameters = this.#parameters
    parameters.begin(headerWords + itemWords * coefficients.length)
    parameters.u32(coefficients.length * numPixels, numPixels, logits.layout === 'class-major' ? 1 : 0, rows)
    parameters.u32(logits.conditional.offset, logits.unconditional?.offset ?? 0)
    parameters.u32(sample.offset, noise?.offset ?? 0, output.offset)
    parameters.f32(logits.scale)
    for (const item of coefficients)
      parameters.logarithms([
        ...[item.maskedClass, item.maskedAny, item.maskedMask],
        ...[item.cumulativeOther, item.cumulativeSame, item.stepOther, item.stepSame],
        ...[item.logKeep, item.logReplace, item.ordinaryMask],
      ])
    return parameters.upload()
  }
}
