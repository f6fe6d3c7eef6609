import { type Kernel, type Kernels, type KernelVariant, workgroupsFor } from './kernels'
import { ParameterBuffer } from './parameters'
import type { ItemStream } from './random'
import {
  columnConstants,
  columnWorkgroups,
  type Spread,
  type StepShape,
  type StepSpread,
  spreadFor,
  stepSpread,
} from './spread'
import type { KnownTokens, Layout, StepDiagnostics } from './step_options'
import type { GpuTensor } from './tensor'
import { nothingSettled, type RouteThresholds, type Thresholds } from './thresholds'

/** Where a kernel finds the two halves of the logits; without guidance only the conditional one. */
export interface LogitsSource {
  readonly conditional: GpuTensor
  readonly unconditional: GpuTensor | undefined
  readonly scale: number
  readonly layout: Layout
}

/** Everything one step needs, checked. */
export interface StepCall {
  readonly logits: LogitsSource
  readonly sample: GpuTensor
  readonly prevSample: GpuTensor
  readonly predOriginalSample?: GpuTensor | undefined
  readonly diagnostics?: StepDiagnostics<GpuTensor> | undefined
  /** Undefined where nothing is truncated. */
  readonly truncationRate?: number | undefined
  readonly faults: GpuTensor
  readonly known?: KnownTokens<GpuTensor> | undefined
  /** The forward process at u, per item; needed with `known`. */
  readonly forward: readonly Thresholds[]
  readonly batchSize: number
  readonly numPixels: number
  readonly counter: number
  readonly streams: readonly ItemStream[]
  readonly thresholds: readonly RouteThresholds[]
}

/** What a step has to do besides drawing. */
export type StepFeatures = NonNullable<KernelVariant['features']>

/** What steps of one kind are recorded with. */
interface Plan {
  readonly kernel: Kernel
  readonly tile: number
  readonly workgroups: number
}

/** Features of the kernels that read these logits. */
export function logitsFeatures({ conditional, unconditional }: LogitsSource) {
  return { GUIDED: unconditional !== undefined, F16: conditional.dtype === 'f16' }
}

const headerWords = 16
const itemWords = 16
const flagWriteX0 = 1

/** The decide-first, read-later step: one dispatch, and one before it where some pixels are known. */
export class Step {
  readonly #parameters: ParameterBuffer
  readonly #diagnostics: ParameterBuffer
  /** Bound where no x₀ is written. */
  readonly #noX0: GPUBuffer
  readonly #plans = new Map<string, Plan>()

  constructor(
    private readonly kernels: Kernels,
    private readonly numCodes: number,
  ) {
    this.#parameters = new ParameterBuffer(kernels.device, 'vqd/step/parameters')
    this.#diagnostics = new ParameterBuffer(kernels.device, 'vqd/diagnostics/parameters')
    this.#noX0 = kernels.device.createBuffer({ label: 'vqd/step/x_0', size: 4, usage: GPUBufferUsage.STORAGE })
  }

  /** The pipelines of a step on logits of this layout, aligned as usual, for compiling ahead. */
  variants({ KNOWN = false, COUNTED = false, ...features }: StepFeatures, layout: Layout): KernelVariant[] {
    const VECTORS = layout === 'pixel-major' && this.numCodes % 4 === 0
    return [
      ...(KNOWN ? [this.#knownVariant(COUNTED)] : []),
      ...(COUNTED ? [this.#diagnosticsVariant({ GUIDED: features.GUIDED }, layout)] : []),
      ...[false, true].map((everyColumn) => {
        const shape = { layout, everyColumn, truncated: features.TRUNCATED ?? false, tokens: 0 }
        return this.#variant({ ...features, KNOWN, COUNTED, VECTORS }, this.#spread(shape))
      }),
    ]
  }

  /** Records the step. Its parameters are uploaded at once: submit before the next call. */
  encode(encoder: GPUCommandEncoder, call: StepCall): void {
    const { sample, prevSample, predOriginalSample, faults, known, diagnostics } = call
    if (sample.size === 0) return
    const everyColumn = predOriginalSample !== undefined || call.thresholds.every(nothingSettled)
    const counted = diagnostics !== undefined && predOriginalSample === undefined
    const plan = this.#plan(call, everyColumn, { COUNTED: counted })
    const parameters = this.#packParameters(call, plan)
    // The draw passes over known pixels: theirs is what is known.
    if (known && predOriginalSample) copyTokens(encoder, known.tokens, predOriginalSample)
    if (diagnostics) {
      // What is settled is taken off all tokens, the first of the parameters.
      encoder.clearBuffer(diagnostics.counts.buffer, 0, 4)
      encoder.copyBufferToBuffer(parameters, 0, diagnostics.counts.buffer, 4, 4)
    }
    const pass = encoder.beginComputePass({ label: 'vqd/step' })
    if (known)
      this.kernels.dispatch(
        pass,
        this.kernels.get(this.#knownVariant(diagnostics !== undefined)),
        [
          ...[parameters, known.tokens.buffer, known.mask.buffer, prevSample.buffer, faults.buffer],
          diagnostics?.counts.buffer,
        ],
        workgroupsFor(sample.size),
      )
    const beside = counted ? diagnostics.counts.buffer : predOriginalSample?.buffer
    this.#dispatchStep(pass, call, plan, parameters, beside, known?.mask.buffer)
    if (diagnostics) this.#dispatchDiagnostics(pass, call, diagnostics)
    pass.end()
  }

  /**
   * Packs the parameters of a step that reveals tokens which a kernel before it chooses, and gives what records it.
   * `exponents` f32 [B, N] sharpen their predictions, p^exponent; a token whose exponent is 0 stays what it is.
   */
  revealing(call: StepCall, exponents: GpuTensor): (pass: GPUComputePassEncoder) => void {
    const plan = this.#plan(call, false, { PURITY: true })
    const parameters = this.#packParameters(call, plan)
    return (pass) => this.#dispatchStep(pass, call, plan, parameters, undefined, exponents.buffer)
  }

  #dispatchStep(
    pass: GPUComputePassEncoder,
    { logits, sample, prevSample, faults }: StepCall,
    { kernel, workgroups }: Plan,
    parameters: GPUBuffer,
    beside: GPUBuffer | undefined,
    perToken: GPUBuffer | undefined,
  ): void {
    const buffers = [
      parameters,
      logits.conditional.buffer,
      sample.buffer,
      prevSample.buffer,
      faults.buffer,
      beside ?? this.#noX0,
      logits.unconditional?.buffer,
      perToken,
    ]
    this.kernels.dispatch(pass, kernel, buffers, workgroups)
  }

  /** What a step of this kind is recorded with, found once: every step asks. */
  #plan(
    { logits, sample, known, truncationRate }: StepCall,
    everyColumn: boolean,
    { COUNTED = false, PURITY = false }: StepFeatures,
  ): Plan {
    const { GUIDED, F16 } = logitsFeatures(logits)
    const truncated = truncationRate !== undefined
    const shape = { layout: logits.layout, truncated, everyColumn, tokens: sample.size }
    const features = {
      GUIDED,
      F16,
      COUNTED,
      PURITY,
      KNOWN: known !== undefined,
      TRUNCATED: truncated,
      VECTORS: this.#readsVectors(logits),
    }
    const kind = JSON.stringify([shape, features])
    const existing = this.#plans.get(kind)
    if (existing) return existing
    const spread = this.#spread(shape)
    const kernel = this.kernels.get(this.#variant(features, spread))
    const plan = { kernel, tile: spread.tile, workgroups: Math.ceil(sample.size / spread.tile) }
    this.#plans.set(kind, plan)
    return plan
  }

  /** What the step did, as a further dispatch after it. */
  #dispatchDiagnostics(pass: GPUComputePassEncoder, call: StepCall, into: StepDiagnostics<GpuTensor>): void {
    const { logits, sample, prevSample, numPixels } = call
    const parameters = this.#diagnostics
    parameters.begin(8)
    parameters.u32(sample.size, numPixels, logits.layout === 'class-major' ? 1 : 0)
    parameters.u32(logits.conditional.offset, logits.unconditional?.offset ?? 0)
    parameters.f32(logits.scale)
    parameters.u32(sample.offset, prevSample.offset)
    this.kernels.dispatch(
      pass,
      this.kernels.get(this.#diagnosticsVariant(logitsFeatures(logits), logits.layout)),
      [
        ...[parameters.upload(), logits.conditional.buffer, sample.buffer, prevSample.buffer],
        ...[into.entropy.buffer, into.topProbability.buffer, into.counts.buffer, logits.unconditional?.buffer],
      ],
      columnWorkgroups(sample.size, this.#columnSpread(logits.layout)),
    )
  }

  destroy(): void {
    this.#parameters.destroy()
    this.#diagnostics.destroy()
    this.#noX0.destroy()
  }

  #knownVariant(COUNTED: boolean): KernelVariant {
    return { name: 'known', features: { COUNTED }, constants: { NUM_CODES: this.numCodes } }
  }

  #diagnosticsVariant(features: StepFeatures, layout: Layout): KernelVariant {
    return { name: 'diagnostics', features, constants: columnConstants(this.numCodes, this.#columnSpread(layout)) }
  }

  #columnSpread(layout: Layout): Spread {
    return spreadFor(this.kernels.device, this.numCodes, layout)
  }

  #variant(features: StepFeatures, spread: StepSpread): KernelVariant {
    return { name: 'step', features, constants: columnConstants(this.numCodes, spread) }
  }

  /** Whether the four classes that a lane reads lie together and begin at a multiple of four. */
  #readsVectors({ layout, conditional, unconditional }: LogitsSource): boolean {
    return layout === 'pixel-major' && (this.numCodes | conditional.offset | (unconditional?.offset ?? 0)) % 4 === 0
  }

  #spread(shape: StepShape): StepSpread {
    return stepSpread(this.kernels.device, this.numCodes, shape)
  }

  /** Struct Step of lib/step.wgsl. */
  #packParameters(call: StepCall, { tile }: Plan): GPUBuffer {
    const { logits, batchSize, numPixels, streams, thresholds, predOriginalSample } = call
    const parameters = this.#parameters
    parameters.begin(headerWords + itemWords * batchSize)
    parameters.u32(batchSize * numPixels, numPixels, call.counter, predOriginalSample ? flagWriteX0 : 0, tile)
    parameters.u32(logits.conditional.offset, logits.unconditional?.offset ?? 0)
    parameters.u32(call.sample.offset, call.prevSample.offset, predOriginalSample?.offset ?? 0)
    if (logits.layout === 'class-major') parameters.u32(numPixels, 1)
    else parameters.u32(1, this.numCodes)
    parameters.f32(logits.scale, Math.max(0, call.truncationRate ?? 1))
    parameters.u32(call.known?.tokens.offset ?? 0, call.known?.mask.offset ?? 0)
    for (let item = 0; item < batchSize; item++) {
      const stream = streams[item]!
      const { maskPossible, masked, settled, differs, agrees } = thresholds[item]!
      const forward = call.forward[item] ?? [0, 0]
      parameters.u32(stream.seedLow, stream.seedHigh, stream.item, 0, maskPossible ? 1 : 0, 0)
      parameters.u32(masked[0], masked[1], settled[0], settled[1], differs[0], differs[1], agrees[0], agrees[1])
      parameters.u32(forward[0], forward[1])
    }
    return parameters.upload()
  }
}

function copyTokens(encoder: GPUCommandEncoder, from: GpuTensor, to: GpuTensor): void {
  encoder.copyBufferToBuffer(from.buffer, from.offset * 4, to.buffer, to.offset * 4, from.byteLength)
}
