import {
  requireDtype,
  requireNoise,
  requireSample,
  requireShape,
  requireStepOptions,
  requireTokensLike,
  truncates,
} from '../checks'
import type { KnownTokens, StepDiagnostics, StepOptions, VQDiffusionSchedulerOutput } from '../options'
import { posteriorCoefficients } from '../process/posterior'
import type { StepThresholds } from '../process/routes'
import type { ItemStream } from '../random'
import type { CpuContext } from './context'
import { diagnose } from './diagnostics'
import { drawX0, noised, routeDraw, routeGivenX0, settledRoute, uniformClass } from './draw'
import { drawStepWithNoise } from './gumbel_max'
import { type ColumnReader, columns, logitsReader, readColumn } from './logits'
import type { CpuArray, CpuTensor } from './tensor'
import { truncate } from './truncation'

export interface CpuStepOptions extends StepOptions<CpuTensor, CpuTensor> {
  /** Where invalid input is counted, u32 [2]; by default the scheduler's own counters. */
  readonly faults?: CpuTensor
}

/** One checked draw by seed. */
interface DrawCall {
  readonly sample: CpuArray
  readonly prevSample: CpuArray
  readonly x0: CpuArray | undefined
  readonly numPixels: number
  readonly logits: ColumnReader
  readonly known: KnownTokens<CpuTensor> | undefined
  /** [invalid columns, impossible tokens] */
  readonly faults: CpuArray
  readonly items: readonly { stream: ItemStream; thresholds: StepThresholds }[]
  readonly counter: number
  readonly truncationRate: number
}

/** The reverse step, token by token. */
export class ReverseStep {
  constructor(private readonly context: CpuContext) {}

  /** See `VQDiffusionScheduler.step`. */
  step(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuStepOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    const { context } = this
    const { process } = context
    requireStepOptions(options)
    const { generator, noise, predOriginalSample, layout = 'class-major' } = options
    const { batchSize, numPixels } = requireSample('sample', sample)
    const steps = process.resolveSteps(timestep, options.previousTimestep, batchSize)
    const logits = logitsReader(modelOutput, options, [batchSize, process.numCodes, numPixels])
    const rows = noise && requireNoise(noise, layout, steps, [batchSize, process.numCodes, numPixels])
    const streams = generator?.streams(batchSize) ?? []
    const prevSample = outputOf(context, 'out', options.out ?? true, sample)!
    const x0 = outputOf(context, 'predOriginalSample', predOriginalSample ?? false, sample)
    const faults = (options.faults ?? context.faults).data
    const diagnostics = this.#diagnosticsOf(options.diagnostics ?? false, sample)
    const known = options.known && requireKnown(options.known, sample)

    const tokens = { sample: sample.data, prevSample: prevSample.data, numPixels, logits, faults }
    if (noise && rows) {
      const coefficients = steps.map(({ t, u }) => (u === -1 ? null : posteriorCoefficients(process.schedule, t, u)))
      drawStepWithNoise(context, tokens, columns(noise, layout, rows, numPixels), coefficients)
    } else {
      const columnsRead = this.#draw({
        ...tokens,
        x0: x0?.data,
        known,
        items: steps.map((step, item) => ({ stream: streams[item]!, thresholds: process.thresholds(step) })),
        counter: generator!.nextCounter(),
        truncationRate: truncates(options.truncationRate) ? options.truncationRate : 1,
      })
      if (diagnostics) diagnose(diagnostics, { sample, prevSample, logits, numCodes: process.numCodes, columnsRead })
    }
    return { prevSample, ...(x0 && { predOriginalSample: x0 }), ...(diagnostics && { diagnostics }) }
  }

  /** Decide first, read later (docs/MATH.md#decide-first). Returns the number of columns read. */
  #draw(call: DrawCall): number {
    const { sample, prevSample, x0, numPixels, logits, known, faults, items, counter, truncationRate } = call
    const { numCodes, maskClass } = this.context.process
    let columnsRead = 0
    for (let token = 0; token < sample.length; token++) {
      const { stream, thresholds } = items[Math.floor(token / numPixels)]!
      const at = { stream, pixel: token % numPixels, counter }
      if (known?.mask.data[token]) {
        const clean = known.tokens.data[token]! >>> 0
        if (clean >= maskClass) faults[1]!++
        prevSample[token] = clean < maskClass ? noised(clean, thresholds.known, at, numCodes) : maskClass
        if (x0) x0[token] = clean
        continue
      }
      const classT = this.context.classOf(sample, token, faults)
      const isMasked = classT === maskClass
      if (sample[token]! >>> 0 === maskClass && !thresholds.maskPossible) faults[1]!++
      const draw = routeDraw(at)
      const settled = settledRoute(thresholds, isMasked, draw)
      let route = settled === 'unsettled' ? 'x0' : settled
      let class0 = classT
      if (settled === 'unsettled' || x0) {
        columnsRead++
        const column = readColumn(logits, token, numCodes)
        const drawn = drawX0(truncationRate < 1 ? truncate(column, truncationRate) : column, at)
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
      if (route === 'uniform') prevSample[token] = uniformClass(at, numCodes)
      else prevSample[token] = route === 'keep' ? classT : class0
    }
    return columnsRead
  }

  #diagnosticsOf(
    wanted: boolean | StepDiagnostics<CpuTensor>,
    sample: CpuTensor,
  ): StepDiagnostics<CpuTensor> | undefined {
    if (typeof wanted === 'boolean') return wanted ? this.context.emptyDiagnostics(sample.shape) : undefined
    for (const name of ['entropy', 'topProbability'] as const) {
      requireDtype(`diagnostics.${name}`, wanted[name], ['f32', 'f64'])
      requireShape(`diagnostics.${name}`, wanted[name], sample.shape, "the sample's")
    }
    requireDtype('diagnostics.counts', wanted.counts, ['u32'])
    requireShape('diagnostics.counts', wanted.counts, [2], '[tokens changed, columns read]')
    return wanted
  }
}

/** A given tensor for tokens, checked, or a new one if it is wanted. Throws DtypeError, ShapeError. */
export function outputOf(
  context: CpuContext,
  name: string,
  wanted: boolean | CpuTensor,
  sample: CpuTensor,
): CpuTensor | undefined {
  if (typeof wanted === 'boolean') return wanted ? context.emptyTokens(sample.shape) : undefined
  requireTokensLike(name, wanted, sample)
  return wanted
}

/** Throws DtypeError, ShapeError. */
function requireKnown(known: KnownTokens<CpuTensor>, sample: CpuTensor): KnownTokens<CpuTensor> {
  requireTokensLike('known.tokens', known.tokens, sample)
  requireTokensLike('known.mask', known.mask, sample)
  return known
}
