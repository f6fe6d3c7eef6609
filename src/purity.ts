import type { Kernels } from './kernels'
import { ParameterBuffer } from './parameters'
import type { ItemStream } from './random'
import { columnConstants, columnWorkgroups, spreadFor } from './spread'
import { type LogitsSource, logitsFeatures, type Step, type StepCall } from './step'
import { GpuTensor } from './tensor'

/** How tokens are chosen and their predictions sharpened (SEMANTICS 15). */
export interface PurityRule {
  /** r: a token of purity π draws from p^(1 + r·π). */
  readonly priorWeight: number
  /** Whether tokens are chosen by their purity, or all alike. */
  readonly byPurity: boolean
}

interface PurityCall extends PurityRule {
  readonly logits: LogitsSource
  readonly sample: GpuTensor
  readonly prevSample: GpuTensor
  readonly faults: GpuTensor
  readonly numPixels: number
  readonly counter: number
  readonly streams: readonly ItemStream[]
  /** Tokens to be revealed after the step, per item. */
  readonly revealedAfter: readonly number[]
}

const headerWords = 12
const itemWords = 6
/** The choice takes a workgroup an item. */
const wholeWorkgroup = { workgroupSize: 64, lanes: 64 }

/** Purity-prior sampling: top probabilities, choice of tokens, draw of the chosen ones. */
export class Purity {
  readonly #parameters: ParameterBuffer
  #topProbability: GpuTensor
  #selectionWeight: GpuTensor
  /** What sharpens the predictions of the chosen tokens; 0 of the others. */
  #exponents: GpuTensor

  constructor(
    private readonly kernels: Kernels,
    private readonly step: Step,
    private readonly numCodes: number,
  ) {
    this.#parameters = new ParameterBuffer(kernels.device, 'vqd/purity/parameters')
    ;[this.#topProbability, this.#selectionWeight, this.#exponents] = this.#allocate(1)
  }

  /** Records a step that reveals the chosen tokens and leaves all others as they are. */
  encodeStep(encoder: GPUCommandEncoder, call: PurityCall, stepCall: StepCall): void {
    if (call.sample.size === 0) return
    this.#reserve(call.sample.size)
    const reveal = this.step.revealing(stepCall, this.#exponents)
    this.#encodeSelection(encoder, call, this.#selectionWeight, reveal)
  }

  /** Records the dense prior: sharpened log-probabilities of C rows, and the weights of the choice. */
  encodePrior(encoder: GPUCommandEncoder, call: PurityCall, logProb: GpuTensor, selectionWeight: GpuTensor): void {
    if (call.sample.size === 0) return
    this.#reserve(call.sample.size)
    this.#encodeSelection(encoder, call, selectionWeight, (pass, parameters) =>
      this.#dispatchColumns(pass, 'sharpen', call, [
        ...[parameters, call.logits.conditional.buffer, this.#topProbability.buffer, logProb.buffer],
      ]),
    )
  }

  destroy(): void {
    for (const owned of [this.#parameters, this.#topProbability, this.#selectionWeight, this.#exponents])
      owned.destroy()
  }

  #dispatchColumns(
    pass: GPUComputePassEncoder,
    name: 'purity_top' | 'sharpen',
    { logits, sample }: PurityCall,
    buffers: readonly GPUBuffer[],
  ): void {
    const spread = spreadFor(this.kernels.device, this.numCodes, logits.layout)
    const variant = { name, features: logitsFeatures(logits), constants: columnConstants(this.numCodes, spread) }
    this.kernels.dispatch(pass, this.kernels.get(variant), buffers, columnWorkgroups(sample.size, spread))
  }

  #encodeSelection(
    encoder: GPUCommandEncoder,
    call: PurityCall,
    selectionWeight: GpuTensor,
    then: (pass: GPUComputePassEncoder, parameters: GPUBuffer) => void,
  ): void {
    const { logits, sample, prevSample, faults } = call
    const parameters = this.#packParameters(call)
    const pass = encoder.beginComputePass({ label: 'vqd/purity' })
    this.#dispatchColumns(pass, 'purity_top', call, [
      ...[parameters, logits.conditional.buffer, this.#topProbability.buffer, faults.buffer],
      ...(logits.unconditional ? [logits.unconditional.buffer] : []),
    ])
    this.kernels.dispatch(
      pass,
      this.kernels.get({ name: 'purity_select', constants: { NUM_CODES: this.numCodes } }),
      [
        ...[parameters, sample.buffer, this.#topProbability.buffer, prevSample.buffer],
        ...[this.#exponents.buffer, selectionWeight.buffer],
      ],
      columnWorkgroups(call.streams.length, wholeWorkgroup),
    )
    then(pass, parameters)
    pass.end()
  }

  /** Makes room for this many tokens. */
  #reserve(tokens: number): void {
    if (this.#topProbability.size >= tokens) return
    for (const tensor of [this.#topProbability, this.#selectionWeight, this.#exponents]) tensor.destroy()
    ;[this.#topProbability, this.#selectionWeight, this.#exponents] = this.#allocate(tokens)
  }

  #allocate(tokens: number): [topProbability: GpuTensor, selectionWeight: GpuTensor, exponents: GpuTensor] {
    const perToken = (name: string) => GpuTensor.empty(this.kernels.device, [tokens], 'f32', `vqd/purity/${name}`)
    return [perToken('top_probability'), perToken('selection_weight'), perToken('exponents')]
  }

  /** Struct Purity of lib/purity.wgsl. */
  #packParameters(call: PurityCall): GPUBuffer {
    const { logits, sample, prevSample, numPixels, streams } = call
    const parameters = this.#parameters
    parameters.begin(headerWords + itemWords * streams.length)
    parameters.u32(sample.size, numPixels, logits.layout === 'class-major' ? 1 : 0)
    parameters.u32(logits.conditional.offset, logits.unconditional?.offset ?? 0)
    parameters.f32(logits.scale)
    parameters.u32(sample.offset, prevSample.offset, call.counter)
    parameters.f32(call.priorWeight)
    parameters.u32(call.byPurity ? 1 : 0, 0)
    for (const [item, { seedLow, seedHigh, item: place }] of streams.entries())
      parameters.u32(seedLow, seedHigh, place, 0, call.revealedAfter[item]!, 0)
    return parameters.upload()
  }
}
