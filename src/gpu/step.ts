import knownShader from '../../shaders/known.wgsl'
import stepShader from '../../shaders/step.wgsl'
import {
  requireDrawOptions,
  requireMethod,
  requireNoise,
  requireOptions,
  requireSample,
  requireStepOptions,
  truncates,
} from '../checks'
import { type Names, stepNames } from '../option_names'
import type { KnownTokens, StepDiagnostics, StepOptions, VQDiffusionSchedulerOutput } from '../options'
import { posteriorCoefficients } from '../process/posterior'
import type { TimestepPair } from '../process/process'
import type { StepThresholds } from '../process/routes'
import type { ItemStream } from '../random'
import type { GpuContext } from './context'
import { Diagnostics } from './diagnostics'
import { GumbelMax } from './gumbel_max'
import type { Kernel, KernelVariant } from './kernels'
import {
  type LogitsSource,
  type LogitsTensor,
  logitsBuffers,
  logitsFeatures,
  logitsParameters,
  logitsSource,
  readsVectors,
} from './logits'
import { ParameterBuffer, type ParameterValue } from './parameters'
import type { Features } from './shader'
import { requireDiagnostics, requireKnown, requireOutput } from './step_tensors'
import { asGpuTensor, type GpuTensor } from './tensor'
import { elementWorkgroups, overrideConstants, type StepLaunchShape } from './workgroups'

export interface GpuStepOptions extends StepOptions<LogitsTensor, GpuTensor> {
  /**
   * A command encoder to record into; the caller submits it. By default the step is submitted at once. A recorded step
   * creates its own parameter buffers, since other steps may run before it is submitted.
   */
  readonly encoder?: GPUCommandEncoder
  /** Where invalid input is counted, u32 [2]; by default the scheduler's own counters. */
  readonly faults?: GpuTensor
}

/** Names of the options of a step. */
const names = { ...stepNames, encoder: true } satisfies Names<GpuStepOptions>

/** One checked draw by seed. */
export interface DrawCall {
  readonly logits: LogitsSource
  readonly sample: GpuTensor
  readonly prevSample: GpuTensor
  readonly predOriginalSample?: GpuTensor | undefined
  readonly diagnostics?: StepDiagnostics<GpuTensor> | undefined
  /** Undefined if nothing is truncated. */
  readonly truncationRate?: number | undefined
  readonly known?: KnownTokens<GpuTensor> | undefined
  readonly faults: GpuTensor
  readonly numPixels: number
  readonly counter: number
  readonly items: readonly DrawItem[]
}

export interface DrawItem {
  readonly stream: ItemStream
  readonly thresholds: StepThresholds
}

/** The compiled kernel and launch shape of one kind of step. */
interface StepPlan {
  readonly kernel: Kernel
  readonly shape: StepLaunchShape
}

const flagWriteX0 = 1

/** The reverse step: decide first, read later, in one dispatch; one before it if some pixels are known. */
export class ReverseStep {
  readonly #parameters: ParameterBuffer
  readonly #gumbelMax: GumbelMax
  readonly #diagnostics: Diagnostics
  /** Bound as x_0 if no x₀ is written. */
  readonly #noX0: GPUBuffer
  readonly #plans = new Map<string, StepPlan>()

  /**
   * Creates the parameter buffer; `context.destroy()` frees it. Kernels compile in `prepare`, or at their first use.
   */
  constructor(private readonly context: GpuContext) {
    requireMethod('context', context, 'assertUsable', 'a GpuContext')
    const { device } = context
    this.#parameters = context.own(new ParameterBuffer(device, 'vqd/step/parameters', stepShader, 'step'))
    this.#gumbelMax = new GumbelMax(context)
    this.#diagnostics = new Diagnostics(context)
    this.#noX0 = context.own(device.createBuffer({ label: 'vqd/step/no_x_0', size: 4, usage: GPUBufferUsage.STORAGE }))
  }

  /**
   * Compiles the pipelines of `step` with these options ahead of its first use, for f32 logits. Other variants compile at
   * their first use. Rejects with ShaderError.
   */
  async prepare(options?: Partial<GpuStepOptions>): Promise<void> {
    this.context.assertUsable()
    options = requireOptions('prepare', options, names)
    requireDrawOptions(options)
    const { guidance, truncationRate, known, diagnostics, layout = 'class-major' } = options
    const { numCodes } = this.context.process
    const features = {
      GUIDED: guidance !== undefined,
      TRUNCATED: truncates(truncationRate),
      KNOWN: known !== undefined,
      VECTORS: layout === 'pixel-major' && numCodes % 4 === 0,
      CLASS_RANGES: this.context.process.classRanges !== undefined,
    }
    await this.context.kernels.compile([
      ...(known ? [this.#knownVariant()] : []),
      ...(diagnostics ? this.#diagnostics.variants(features, layout) : []),
      ...[false, true].map((everyColumn) => {
        const size = { layout, everyColumn, truncated: features.TRUNCATED, tokens: 0 }
        return this.#variant(features, this.context.launchShapes.step(numCodes, size))
      }),
    ])
  }

  /**
   * One reverse step x_t → x_u.
   *
   * @param modelOutput logits or log-probabilities of x₀, f32 or f16, [B, K, N] or [B, N, K] by `layout`. With guidance, but
   *   without `guidance.unconditional`, 2B items, the unconditional half first.
   * @param timestep t, one number or one per item
   * @param sample x_t, u32 or i32 [B, N]
   * @returns x_u and the requested tensors
   * @throws OptionError, ShapeError, DtypeError, TimestepError, DeviceMismatchError, DestroyedError, DeviceLostError,
   *   WebGPUError, before anything is enqueued and before the generator advances
   */
  step(
    modelOutput: LogitsTensor,
    timestep: number | readonly number[],
    sample: GpuTensor,
    options: GpuStepOptions,
  ): VQDiffusionSchedulerOutput<GpuTensor> {
    const { context } = this
    const { device, process } = context
    context.assertUsable()
    requireStepOptions(options, names)
    const { generator, predOriginalSample, encoder } = options
    if (encoder !== undefined) requireMethod('encoder', encoder, 'beginComputePass', 'a GPUCommandEncoder')
    const x = asGpuTensor(device, 'sample', sample)
    const { batchSize, numPixels } = requireSample('sample', x)
    process.requirePixels('sample', numPixels)
    if (options.noise !== undefined) process.requireAllClasses('step with supplied noise')
    this.#parameters.requireItems(batchSize * process.schedules.length)
    const steps = process.resolveSteps(timestep, options.previousTimestep, batchSize)
    const logits = logitsSource(device, modelOutput, options, [batchSize, process.numCodes, numPixels])
    const noise = options.noise === undefined ? undefined : asGpuTensor(device, 'noise', options.noise)
    const rows = noise && requireNoise(noise, logits.layout, steps, [batchSize, process.numCodes, numPixels])
    const streams = generator?.streams(batchSize) ?? []
    const known = options.known && requireKnown(device, options.known, x)
    const inputs = [x, logits.conditional, logits.unconditional, noise, known?.tokens, known?.mask]
    const faults = context.faultsOf(options.faults, inputs)
    const used = [...inputs, faults]
    const out = options.out === undefined ? undefined : requireOutput(device, 'out', options.out, used, x)
    const givenX0 =
      typeof predOriginalSample === 'object'
        ? requireOutput(device, 'predOriginalSample', predOriginalSample, [...used, out], x)
        : undefined
    if (known && predOriginalSample) {
      // Known tokens are copied to x₀.
      known.tokens.requireUsage('known.tokens', 'COPY_SRC')
      givenX0?.requireUsage('predOriginalSample', 'COPY_DST')
    }
    const given =
      typeof options.diagnostics === 'object'
        ? requireDiagnostics(device, options.diagnostics, [...used, out, givenX0], x.shape)
        : undefined

    const prevSample = out ?? context.emptyTokens(x.shape, 'vqd/sample')
    const x0 = givenX0 ?? (predOriginalSample ? context.emptyTokens(x.shape, 'vqd/sample/x_0') : undefined)
    const diagnostics = given ?? (options.diagnostics ? context.emptyDiagnostics(x.shape) : undefined)
    const separately = encoder !== undefined
    const record = (into: GPUCommandEncoder) => {
      if (noise && rows) {
        const coefficients = steps.map(({ t, u }) => posteriorCoefficients(process.schedule, t, u))
        const output = prevSample
        const call = { logits, sample: x, noise, output, faults, rows, batchSize, numPixels, coefficients }
        this.#gumbelMax.encodeStep(into, call, separately)
      } else {
        const call: DrawCall = {
          logits,
          sample: x,
          prevSample,
          predOriginalSample: x0,
          diagnostics,
          truncationRate: truncates(options.truncationRate) ? options.truncationRate : undefined,
          known,
          faults,
          numPixels,
          counter: generator!.nextCounter(),
          items: this.drawItems(steps, streams),
        }
        this.#encodeDraw(into, call, separately)
      }
    }
    if (encoder) context.record(encoder, record)
    else context.submit('vqd/step', record)
    return { prevSample, ...(x0 && { predOriginalSample: x0 }), ...(diagnostics && { diagnostics }) }
  }

  /** The thresholds and streams of a batch, for each number of classes that a latent pixel can have. @internal */
  drawItems(steps: readonly TimestepPair[], streams: readonly ItemStream[]): DrawItem[] {
    const { process } = this.context
    return steps.flatMap((step, item) =>
      process.schedules.map((_, kind) => ({ stream: streams[item]!, thresholds: process.thresholds(step, kind) })),
    )
  }

  #encodeDraw(encoder: GPUCommandEncoder, call: DrawCall, separately: boolean): void {
    const { sample, prevSample, predOriginalSample: x0, faults, known, diagnostics } = call
    if (sample.size === 0) return
    const { kernels } = this.context
    const everyColumn = x0 !== undefined || call.items.every(({ thresholds }) => thresholds.nothingSettled)
    const { kernel, shape } = this.#plan(call, everyColumn)
    const parameters = this.#parameters.upload(stepParameters(call, shape.tile, this.context.process), separately)
    // The kernel skips known pixels, whose x₀ is the known token.
    if (known && x0) copyTokens(encoder, known.tokens, x0)
    if (diagnostics) encoder.clearBuffer(diagnostics.counts.buffer, 0, 8)
    const buffers = {
      ...logitsBuffers(call.logits),
      step: parameters,
      x_t: sample.buffer,
      x_prev: prevSample.buffer,
      faults: faults.buffer,
      x_0: x0?.buffer ?? this.#noX0,
      known_tokens: known?.tokens.buffer,
      known_mask: known?.mask.buffer,
      class_ranges: this.context.classRanges,
    }
    const pass = encoder.beginComputePass({ label: 'vqd/step' })
    if (known) {
      const kernel = kernels.get(this.#knownVariant())
      kernels.dispatch(pass, kernel, buffers, elementWorkgroups(sample.size))
    }
    kernels.dispatch(pass, kernel, buffers, Math.ceil(sample.size / shape.tile))
    if (diagnostics) this.#diagnostics.dispatch(pass, call, parameters, diagnostics)
    pass.end()
  }

  /** The kernel and launch shape of a step, found once for each kind. */
  #plan({ logits, sample, known, truncationRate }: DrawCall, everyColumn: boolean): StepPlan {
    const { kernels, launchShapes, process } = this.context
    const features = {
      ...logitsFeatures(logits),
      KNOWN: known !== undefined,
      TRUNCATED: truncationRate !== undefined,
      VECTORS: readsVectors(logits, process.numCodes),
      CLASS_RANGES: process.classRanges !== undefined,
    }
    const size = { layout: logits.layout, truncated: features.TRUNCATED, everyColumn, tokens: sample.size }
    const kind = JSON.stringify([features, size])
    const existing = this.#plans.get(kind)
    if (existing) return existing
    const shape = launchShapes.step(process.numCodes, size)
    const plan = { kernel: kernels.get(this.#variant(features, shape)), shape }
    this.#plans.set(kind, plan)
    return plan
  }

  #variant(features: Features, shape: StepLaunchShape): KernelVariant {
    const { GUIDED, KNOWN, CLASS_RANGES } = features
    return {
      shader: stepShader,
      features,
      constants: overrideConstants(this.context.process.numCodes, shape),
      bindings: [
        'step',
        'conditional',
        'x_t',
        'x_prev',
        'faults',
        'x_0',
        ...(GUIDED ? ['unconditional'] : []),
        // A kernel binds at most eight storage buffers.
        ...(KNOWN && !CLASS_RANGES ? ['known_mask'] : []),
        ...(CLASS_RANGES ? ['class_ranges'] : []),
      ],
    }
  }

  #knownVariant(): KernelVariant {
    const { numCodes, classRanges } = this.context.process
    return {
      shader: knownShader,
      features: { CLASS_RANGES: classRanges !== undefined },
      constants: { NUM_CODES: numCodes },
      bindings: ['step', 'known_tokens', 'known_mask', 'x_prev', 'faults', ...(classRanges ? ['class_ranges'] : [])],
    }
  }
}

/** The struct Step of lib/routes.wgsl. */
export function stepParameters(
  call: DrawCall,
  tile: number,
  { numCodes, schedules }: { readonly numCodes: number; readonly schedules: readonly unknown[] },
): ParameterValue {
  const { logits, sample, prevSample, predOriginalSample, known, numPixels } = call
  const classMajor = logits.layout === 'class-major'
  return {
    ...logitsParameters(logits),
    num_tokens: sample.size,
    num_pixels: numPixels,
    counter: call.counter,
    flags: predOriginalSample ? flagWriteX0 : 0,
    tile,
    sample_offset: sample.offset,
    prev_sample_offset: prevSample.offset,
    x_0_offset: predOriginalSample?.offset ?? 0,
    class_stride: classMajor ? numPixels : 1,
    pixel_stride: classMajor ? 1 : numCodes,
    truncation_rate: Math.max(0, call.truncationRate ?? 1),
    known_tokens_offset: known?.tokens.offset ?? 0,
    known_mask_offset: known?.mask.offset ?? 0,
    num_kinds: schedules.length,
    items: call.items.map(({ stream, thresholds }) => ({
      stream,
      mask_possible: thresholds.maskPossible ? 1 : 0,
      ordinary_possible: thresholds.ordinaryPossible ? 1 : 0,
      masked: thresholds.masked,
      settled: thresholds.settled,
      differs: thresholds.differs,
      agrees: thresholds.agrees,
      known: thresholds.known,
    })),
  }
}

function copyTokens(encoder: GPUCommandEncoder, from: GpuTensor, to: GpuTensor): void {
  encoder.copyBufferToBuffer(from.buffer, from.offset * 4, to.buffer, to.offset * 4, from.byteLength)
}
