import { type Kernels, type KernelVariant, workgroupsFor } from './kernels'
import { ParameterBuffer } from './parameters'
import type { ItemStream } from './random'
import { columnConstants, columnWorkgroups, type Spread, spreadFor } from './spread'
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
  readonly predOriginalSample: GpuTensor | undefined
  readonly diagnostics: StepDiagnostics<GpuTensor> | undefined
  /** Undefined where nothing is truncated. */
  readonly truncationRate: number | undefined
  readonly faults: GpuTensor
  readonly known: KnownTokens<GpuTensor> | undefined
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

/** Features of the kernels that read these logits. */
export function logitsFeatures({ conditional, unconditional }: LogitsSource): StepFeatures {
  return { GUIDED: unconditional !== undefined, F16: conditional.dtype === 'f16' }
}

const headerWords = 16
const itemWords = 14
const flagListed = 1
const flagWriteX0 = 2
const flagListAll = 4
/** At most, of WORKGROUP_SIZE invocations: lib/reduce.wgsl and the keys of step_draw. */
const reductionBytes = 64 * (3 * 4 + 16)
/** Distances between neighbouring classes and pixels of a [B, K, N] or [B, N, K] tensor. */
function strides(layout: Layout, numCodes: number, numPixels: number): [classStride: number, pixelStride: number] {
  return layout === 'class-major' ? [numPixels, 1] : [1, numCodes]
}

/** The decide-first, read-later step: two dispatches, or one where every column has to be read. */
export class Step {
  readonly #parameters: ParameterBuffer
  readonly #diagnostics: ParameterBuffer
  /** Arguments of the indirect dispatch; y and z stay 1. */
  readonly #workgroups: GPUBuffer
  /** Bound where no x₀ is written. */
  readonly #noX0: GPUBuffer
  /** A count, then the tokens whose logits are needed. */
  #unsettled: GPUBuffer

  constructor(
    private readonly kernels: Kernels,
    private readonly numCodes: number,
  ) {
    this.#parameters = new ParameterBuffer(kernels.device, 'vqd/step/parameters')
    this.#diagnostics = new ParameterBuffer(kernels.device, 'vqd/diagnostics/parameters')
    this.#workgroups = kernels.device.createBuffer({
      label: 'vqd/step/workgroups',
      size: 12,
      usage: GPUBufferUsage.INDIRECT | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    })
    kernels.device.queue.writeBuffer(this.#workgroups, 0, new Uint32Array([0, 1, 1]))
    this.#noX0 = kernels.device.createBuffer({ label: 'vqd/step/x_0', size: 4, usage: GPUBufferUsage.STORAGE })
    this.#unsettled = this.#createList(0)
  }

  /** Columns of a workgroup where only some columns are read: what makes a list of tokens counts workgroups by it. */
  get columnsPerWorkgroup(): number {
    const { workgroupSize, lanes } = this.#spread('pixel-major', false)
    return workgroupSize / lanes
  }

  /** The pipelines of a step on logits of this layout, aligned as usual, for compiling ahead. */
  variants(features: StepFeatures, layout: Layout): KernelVariant[] {
    const VECTORS = layout === 'pixel-major' && this.numCodes % 4 === 0
    const spreads = [false, true].map((everyColumn) => this.#spread(layout, everyColumn))
    return [
      this.#decideVariant(features),
      ...spreads.map((spread) => this.#drawVariant({ ...features, VECTORS }, spread)),
    ]
  }

  /** Records the step. Its parameters are uploaded at once: submit before the next call. */
  encode(encoder: GPUCommandEncoder, call: StepCall): void {
    const { logits, sample, prevSample, predOriginalSample, faults, known } = call
    const tokens = sample.size
    if (tokens === 0) return
    const wanted = predOriginalSample !== undefined
    // Without a decision to make, every column is read by the one dispatch.
    const decides = known !== undefined || !(wanted || call.thresholds.every(nothingSettled))
    const features = {
      ...logitsFeatures(logits),
      KNOWN: known !== undefined,
      TRUNCATED: call.truncationRate !== undefined,
    }
    const flags = (decides ? flagListed : 0) | (wanted ? flagWriteX0 | flagListAll : 0)
    const parameters = this.#packParameters(call, flags)
    if (decides) this.#clearList(encoder, tokens)
    // The draw passes over known pixels: theirs is what is known.
    if (known && predOriginalSample) copyTokens(encoder, known.tokens, predOriginalSample)
    const pass = encoder.beginComputePass({ label: 'vqd/step' })
    if (decides)
      this.kernels.dispatch(
        pass,
        this.#decideVariant(features),
        [
          ...[parameters, sample.buffer, prevSample.buffer, this.#unsettled, this.#workgroups, faults.buffer],
          ...(known ? [known.tokens.buffer, known.mask.buffer] : []),
        ],
        workgroupsFor(tokens),
      )
    this.#dispatchDraw(pass, call, features, parameters, this.#unsettled, decides ? this.#workgroups : tokens)
    if (call.diagnostics) this.#dispatchDiagnostics(pass, call, call.diagnostics)
    pass.end()
    if (call.diagnostics && decides) {
      const { counts } = call.diagnostics
      encoder.copyBufferToBuffer(this.#unsettled, 0, counts.buffer, (counts.offset + 1) * 4, 4)
    }
  }

  /** Packs the parameters for `dispatchChosen`. */
  packListed(call: StepCall): GPUBuffer {
    return this.#packParameters(call, flagListed)
  }

  /** The draw alone, for tokens that something else has chosen: a list of (token, exponent) pairs. */
  dispatchChosen(
    pass: GPUComputePassEncoder,
    call: StepCall,
    parameters: GPUBuffer,
    chosen: GPUBuffer,
    workgroups: GPUBuffer,
  ): void {
    this.#dispatchDraw(pass, call, { ...logitsFeatures(call.logits), PURITY: true }, parameters, chosen, workgroups)
  }

  #dispatchDraw(
    pass: GPUComputePassEncoder,
    { logits, sample, prevSample, predOriginalSample, faults }: StepCall,
    features: StepFeatures,
    parameters: GPUBuffer,
    list: GPUBuffer,
    columns: number | GPUBuffer,
  ): void {
    const everyColumn = typeof columns === 'number'
    const spread = this.#spread(logits.layout, everyColumn)
    const variant = this.#drawVariant({ ...features, VECTORS: this.#readsVectors(logits) }, spread)
    const buffers = [
      ...[parameters, logits.conditional.buffer, sample.buffer, list, prevSample.buffer],
      ...[predOriginalSample?.buffer ?? this.#noX0, faults.buffer],
      ...(logits.unconditional ? [logits.unconditional.buffer] : []),
    ]
    this.kernels.dispatch(pass, variant, buffers, everyColumn ? columnWorkgroups(columns, spread) : columns)
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
    const spread = this.#spread(logits.layout, true)
    // Unless the step counts what it lists, it reads every column.
    into.counts.write(Uint32Array.of(0, sample.size))
    this.kernels.dispatch(
      pass,
      {
        name: 'diagnostics',
        features: logitsFeatures(logits),
        constants: columnConstants(this.numCodes, spread),
      },
      [
        ...[parameters.upload(), logits.conditional.buffer, sample.buffer, prevSample.buffer],
        ...[into.entropy.buffer, into.topProbability.buffer, into.counts.buffer],
        ...(logits.unconditional ? [logits.unconditional.buffer] : []),
      ],
      columnWorkgroups(sample.size, spread),
    )
  }

  destroy(): void {
    this.#parameters.destroy()
    this.#diagnostics.destroy()
    for (const buffer of [this.#workgroups, this.#noX0, this.#unsettled]) buffer.destroy()
  }

  #decideVariant({ KNOWN = false }: StepFeatures): KernelVariant {
    const constants = { NUM_CODES: this.numCodes, COLUMNS_PER_WORKGROUP: this.columnsPerWorkgroup }
    return { name: 'step_decide', features: { KNOWN }, constants }
  }

  #drawVariant(
    { GUIDED = false, TRUNCATED = false, F16 = false, PURITY = false, VECTORS = false }: StepFeatures,
    spread: Spread,
  ): KernelVariant {
    const groups = Math.ceil(this.numCodes / 4)
    const HELD = TRUNCATED && spread.lanes === spread.workgroupSize && this.#fits(groups * 16)
    return {
      name: 'step_draw',
      features: { GUIDED, TRUNCATED, HELD, F16, PURITY, VECTORS },
      constants: { ...columnConstants(this.numCodes, spread), ...(HELD && { COLUMN_GROUPS: groups }) },
    }
  }

  /** Whether a column of these bytes can stay in the memory of a workgroup, beside what reductions need. */
  #fits(bytes: number): boolean {
    return bytes + reductionBytes <= this.kernels.device.limits.maxComputeWorkgroupStorageSize
  }

  /** Whether the four classes that a lane reads lie together and begin at a multiple of four. */
  #readsVectors({ layout, conditional, unconditional }: LogitsSource): boolean {
    const offsets = [conditional.offset, unconditional?.offset ?? 0]
    return layout === 'pixel-major' && [this.numCodes, ...offsets].every((value) => value % 4 === 0)
  }

  #spread(layout: Layout, everyColumn: boolean): Spread {
    return spreadFor(this.kernels.device, this.numCodes, layout, everyColumn)
  }

  /** Empties the list, with room for this many tokens. */
  #clearList(encoder: GPUCommandEncoder, tokens: number): void {
    if (this.#unsettled.size < (tokens + 1) * 4) {
      this.#unsettled.destroy()
      this.#unsettled = this.#createList(tokens)
    }
    encoder.clearBuffer(this.#unsettled, 0, 4)
    encoder.clearBuffer(this.#workgroups, 0, 4)
  }

  #createList(tokens: number): GPUBuffer {
    return this.kernels.device.createBuffer({
      label: 'vqd/step/unsettled',
      size: (tokens + 1) * 4,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    })
  }

  /** Struct Step of lib/step.wgsl. */
  #packParameters(call: StepCall, flags: number): GPUBuffer {
    const { logits, batchSize, numPixels, streams, thresholds } = call
    const parameters = this.#parameters
    parameters.begin(headerWords + itemWords * batchSize)
    parameters.u32(batchSize * numPixels, numPixels, call.counter, flags)
    parameters.u32(logits.conditional.offset, logits.unconditional?.offset ?? 0)
    parameters.u32(call.sample.offset, call.prevSample.offset, call.predOriginalSample?.offset ?? 0)
    parameters.u32(...strides(logits.layout, this.numCodes, numPixels))
    parameters.f32(logits.scale, call.truncationRate ?? 1)
    parameters.u32(call.known?.tokens.offset ?? 0, call.known?.mask.offset ?? 0)
    parameters.u32(0) // padding: the items are aligned to eight bytes
    for (let item = 0; item < batchSize; item++) {
      const stream = streams[item]!
      const { maskPossible, masked, settled, differs, agrees } = thresholds[item]!
      parameters.u32(stream.seedLow, stream.seedHigh, stream.item, maskPossible ? 1 : 0)
      parameters.u32(...masked, ...settled, ...differs, ...agrees, ...(call.forward[item] ?? [0, 0]))
    }
    return parameters.upload()
  }
}

function copyTokens(encoder: GPUCommandEncoder, from: GpuTensor, to: GpuTensor): void {
  encoder.copyBufferToBuffer(from.buffer, from.offset * 4, to.buffer, to.offset * 4, from.byteLength)
}
