import { requireNoise, requireSample, requireStepOptions, truncates } from '../checks'
import { stepNames } from '../option_names'
import type { KnownTokens, StepDiagnostics, StepOptions, VQDiffusionSchedulerOutput } from '../options'
import { isOutside } from '../process/class_ranges'
import { posteriorCoefficients } from '../process/posterior'
import type { StepThresholds } from '../process/routes'
import type { ItemStream } from '../random'
import type { CpuContext } from './context'
import { count, diagnose } from './diagnostics'
import { drawX0, noised, routeDraw, routeGivenX0, settledRoute, uniformClass } from './draw'
import { drawStepWithNoise } from './gumbel_max'
import { type ColumnReader, columns, logitsInRange, logitsReader } from './logits'
import { requireDiagnostics, requireKnown, requireOutput } from './step_tensors'
import { asCpuTensor, type CpuArray, type CpuTensor } from './tensor'
import { keptClasses } from './truncation'

export interface CpuStepOptions extends StepOptions<CpuTensor, CpuTensor> {
  /** Where invalid input is counted, u32 [2]; by default the scheduler's own counters. */
  readonly faults?: CpuTensor
}

/** One checked draw by seed. */
interface DrawCall {
  readonly sample: CpuArray
  readonly prevSample: CpuArray
  readonly x0: CpuArray | undefined
  readonly diagnostics: StepDiagnostics<CpuTensor> | undefined
  readonly numPixels: number
  readonly logits: ColumnReader
  readonly known: KnownTokens<CpuTensor> | undefined
  /** [invalid columns, impossible tokens] */
  readonly faults: CpuArray
  /** `thresholds` are by the kind of a latent pixel's range. */
  readonly items: readonly { stream: ItemStream; thresholds: readonly StepThresholds[] }[]
  readonly counter: number
  /** Undefined if nothing is truncated. */
  readonly truncationRate: number | undefined
}

/** The reverse step, token by token. */
export class ReverseStep {
  /** The logits of one token at a time. */
  readonly #column: Float64Array

  constructor(private readonly context: CpuContext) {
    this.#column = new Float64Array(context.process.numCodes)
  }

  /** See `VQDiffusionScheduler.step`. */
  step(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuStepOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    const { context } = this
    const { process } = context
    context.assertUsable()
    requireStepOptions(options, stepNames)
    const { generator, predOriginalSample, known, layout = 'class-major' } = options
    const x = asCpuTensor('sample', sample)
    const { batchSize, numPixels } = requireSample('sample', x)
    process.requirePixels('sample', numPixels)
    if (options.noise !== undefined) process.requireAllClasses('step with supplied noise')
    const steps = process.resolveSteps(timestep, options.previousTimestep, batchSize)
    const logits = logitsReader(modelOutput, options, [batchSize, process.numCodes, numPixels])
    const noise = options.noise === undefined ? undefined : asCpuTensor('noise', options.noise)
    const rows = noise && requireNoise(noise, layout, steps, [batchSize, process.numCodes, numPixels])
    const streams = generator?.streams(batchSize) ?? []
    if (known) requireKnown(known, x)
    const inputs = [x, modelOutput, options.guidance?.unconditional, noise, known?.tokens, known?.mask]
    const faults = context.faultsOf(options.faults, inputs)
    const used = [...inputs, faults]
    if (options.out !== undefined) requireOutput('out', options.out, used, x)
    const givenX0 = typeof predOriginalSample === 'object' ? predOriginalSample : undefined
    if (givenX0 !== undefined) requireOutput('predOriginalSample', givenX0, [...used, options.out], x)
    const given = typeof options.diagnostics === 'object' ? options.diagnostics : undefined
    if (given) requireDiagnostics(given, [...used, options.out, givenX0], x.shape)

    const prevSample = options.out ?? context.emptyTokens(x.shape)
    const x0 = givenX0 ?? (predOriginalSample ? context.emptyTokens(x.shape) : undefined)
    const diagnostics = given ?? (options.diagnostics ? context.emptyDiagnostics(x.shape) : undefined)
    const tokens = { sample: x.data, prevSample: prevSample.data, numPixels, logits, faults: faults.data }
    if (noise && rows) {
      const coefficients = steps.map(({ t, u }) => posteriorCoefficients(process.schedule, t, u))
      drawStepWithNoise(context, tokens, columns(noise, layout, rows, numPixels), rows, coefficients)
    } else {
      const columnsRead = this.#draw({
        ...tokens,
        logits: logitsInRange(logits, process, numPixels),
        x0: x0?.data,
        diagnostics,
        known,
        items: steps.map((step, item) => ({
          stream: streams[item]!,
          thresholds: process.schedules.map((_, kind) => process.thresholds(step, kind)),
        })),
        counter: generator!.nextCounter(),
        truncationRate: truncates(options.truncationRate) ? options.truncationRate : undefined,
      })
      if (diagnostics) count(diagnostics, x, prevSample, columnsRead)
    }
    return { prevSample, ...(x0 && { predOriginalSample: x0 }), ...(diagnostics && { diagnostics }) }
  }

  /** Decide first, read later (docs/MATH.md#decide-first). Returns the number of columns read for x_u. */
  #draw(call: DrawCall): number {
    const { sample, prevSample, x0, diagnostics, numPixels, logits, known, faults, items, counter, truncationRate } =
      call
    const column = this.#column
    const { maskClass } = this.context.process
    let columnsRead = 0
    for (let token = 0; token < sample.length; token++) {
      const item = items[Math.floor(token / numPixels)]!
      const pixel = token % numPixels
      const at = { stream: item.stream, pixel, counter }
      const range = this.context.process.rangeOf(pixel)
      const thresholds = item.thresholds[range.kind]!
      // Diagnostics read every column. The draw then need not read it again.
      const softmax = diagnostics && diagnose(diagnostics, token, logits(token, column))
      if (known?.mask.data[token]) {
        const clean = known.tokens.data[token]! >>> 0
        if (isOutside(range, clean)) faults[1]!++
        prevSample[token] = clean < maskClass ? noised(clean, thresholds.known, at, range, maskClass) : maskClass
        if (x0) x0[token] = clean
        continue
      }
      const classT = this.context.countedClassOf(sample, token, faults, thresholds, range)
      const isMasked = classT === maskClass
      const draw = routeDraw(at)
      const settled = settledRoute(thresholds, isMasked, draw)
      if (settled === 'unsettled') columnsRead++
      let route = settled === 'unsettled' ? 'x0' : settled
      let class0 = classT
      if (settled === 'unsettled' || x0) {
        if (!softmax) logits(token, column)
        const classes = truncationRate === undefined ? undefined : keptClasses(column, truncationRate, softmax)
        const drawn = drawX0(column, at, classes)
        if (drawn !== null) {
          class0 = drawn
          route = routeGivenX0(thresholds, isMasked, class0 === classT, draw)
        } else {
          // Nothing can be drawn: counted, and a token whose route depends on x₀ keeps x_t.
          faults[0]!++
          if (settled === 'unsettled') route = 'keep'
        }
      }
      if (x0) x0[token] = class0
      if (route === 'uniform') prevSample[token] = uniformClass(at, range)
      else prevSample[token] = route === 'keep' ? classT : class0
    }
    return columnsRead
  }
}
