import type { VQDiffusionSchedulerOptions } from '../config'
import { OptionError } from '../errors'
import { fetchJson, modelFile } from '../fetch'
import type { RandomGenerator } from '../random'
import { initialMaskProbability, posteriorCoefficients } from '../schedule'
import { SchedulerBase } from '../scheduler_base'
import type { Faults } from '../step_options'
import {
  type Guidance,
  type KnownTokens,
  type Layout,
  requireColumns,
  requireDtype,
  requireNoise,
  requireSample,
  requireShape,
  requireStepOptions,
  type StepDiagnostics,
  type StepOptions,
  truncates,
  type VQDiffusionSchedulerOutput,
} from '../step_options'
import { elementCount } from '../tensor'
import { forwardThresholds, threshold } from '../thresholds'
import { type ColumnReader, columns, elementIndex, guided } from './columns'
import { diagnose } from './diagnostics'
import { routeDraw, uniformClass } from './draw'
import { gumbelOfUniform, posteriorColumn } from './posterior'
import { drawLazily, drawWithNoise } from './step'
import { CpuTensor } from './tensor'

export interface CpuStepOptions extends StepOptions<CpuTensor, CpuTensor> {
  /** Where this step counts what it could not use, u32 [2]: invalid columns, impossible tokens. */
  readonly faults?: CpuTensor
}

const logitDtypes = ['f32', 'f64']

/**
 * The readable float64 twin of the GPU scheduler: same methods, same seeds, same random bits. It is the oracle of the
 * tests, and the fallback where there is no WebGPU. Samples are u32 [B, N], logits f32 or f64.
 */
export class VQDiffusionScheduler extends SchedulerBase {
  readonly #faults = new CpuTensor(new Uint32Array(2), [2])

  /** Rejects with ConfigError. */
  static async create(options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    return new VQDiffusionScheduler(options)
  }

  /** `create` from the content of a `scheduler_config.json`. Rejects with ConfigError. */
  static fromConfig(json: unknown): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(json as VQDiffusionSchedulerOptions)
  }

  /** `create` from a model folder on the web, as diffusers lays it out. Rejects with FetchError or ConfigError. */
  static async fromPretrained(
    url: string | URL,
    { subfolder = 'scheduler', signal }: { subfolder?: string; signal?: AbortSignal } = {},
  ): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.fromConfig(await fetchJson(modelFile(url, subfolder, 'scheduler_config.json'), signal))
  }

  /** The fully noised start of a chain, u32 [B, N]; see the GPU scheduler. Throws ShapeError, OptionError. */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    { generator, start = 'noise' }: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): CpuTensor<Uint32Array> {
    const sample = new CpuTensor(new Uint32Array(elementCount(shape)), shape)
    const [batchSize, numPixels] = shape
    if (start === 'mask') {
      sample.data.fill(this.maskClass)
      return sample
    }
    if (!generator) throw new OptionError("initialSample needs a generator, or start: 'mask'; given neither.")
    const streams = generator.streams(batchSize)
    const counter = generator.nextCounter()
    const masked = threshold(initialMaskProbability(this.schedule))
    for (let token = 0; token < sample.size; token++) {
      const at = { stream: streams[Math.floor(token / numPixels)]!, pixel: token % numPixels, counter }
      sample.data[token] = routeDraw(at) < masked ? this.maskClass : uniformClass(at, this.numCodes)
    }
    return sample
  }

  /** Copies tokens into a new tensor u32 [B, N]. Throws TokenRangeError unless all are integers from 0 to C − 1. */
  uploadTokens(
    tokens: ArrayLike<number>,
    shape: readonly [batchSize: number, numLatentPixels: number],
  ): CpuTensor<Uint32Array> {
    return new CpuTensor(this.requireTokens(tokens), shape)
  }

  /** A new tensor of zeros, u32. */
  emptyTokens(shape: readonly number[]): CpuTensor {
    return new CpuTensor(new Uint32Array(elementCount(shape)), shape)
  }

  /** One reverse step x_t → x_u; see the GPU scheduler. Throws before anything changes. */
  step(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuStepOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    requireStepOptions(options)
    const { generator, noise, predOriginalSample } = options
    const { batchSize, numPixels } = requireSample('sample', sample)
    const steps = this.resolveTimesteps(timestep, options.previousTimestep, batchSize)
    const logits = this.logits(modelOutput, options, batchSize, numPixels)
    const rows =
      noise && requireNoise(noise, options.layout ?? 'class-major', steps, [batchSize, this.numCodes, numPixels])
    const streams = generator?.streams(batchSize) ?? []
    const prevSample = this.output('out', options.out ?? true, sample)!
    const x0 = this.output('predOriginalSample', predOriginalSample ?? false, sample)
    const faults = (options.faults ?? this.#faults).data

    const diagnostics = options.diagnostics ? this.emptyDiagnostics(sample.shape) : undefined
    const known = options.known && this.requireKnown(options.known, sample)

    const tokens = { sample: sample.data, prevSample: prevSample.data, x0: x0?.data, numPixels, faults, logits, known }
    if (noise && rows) {
      const coefficients = steps.map(({ t, u }) => (u === -1 ? null : posteriorCoefficients(this.schedule, t, u)))
      const uniforms = columns(noise, options.layout, rows, numPixels)
      drawWithNoise(tokens, this.numCodes, coefficients, uniforms)
    } else {
      const items = steps.map((step, item) => {
        const forward = forwardThresholds(this.schedule, step.u)
        return { stream: streams[item]!, thresholds: this.thresholds(step), forward }
      })
      const truncationRate = truncates(options.truncationRate) ? options.truncationRate : 1
      const columnsRead = drawLazily(tokens, this.numCodes, items, {
        counter: generator!.nextCounter(),
        truncationRate,
      })
      if (diagnostics) {
        diagnose(diagnostics, { sample, prevSample, logits, numCodes: this.numCodes })
        diagnostics.counts.data[1] = columnsRead
      }
    }
    return { prevSample, ...(x0 && { predOriginalSample: x0 }), ...(diagnostics && { diagnostics }) }
  }

  /** The log posterior, f64 [B, C, N] or [B, N, C]; see the GPU scheduler. */
  qPosterior(
    logPX0: CpuTensor,
    xT: CpuTensor,
    timestep: number | readonly number[],
    {
      layout = 'class-major',
      previousTimestep,
    }: { layout?: Layout; previousTimestep?: number | readonly number[] } = {},
  ): CpuTensor<Float64Array> {
    const { batchSize, numPixels } = requireSample('xT', xT)
    const previous = previousTimestep ?? (typeof timestep === 'number' ? timestep - 1 : timestep.map((t) => t - 1))
    const steps = this.resolveTimesteps(timestep, previous, batchSize)
    const logits = this.logits(logPX0, { layout }, batchSize, numPixels)
    const C = this.numEmbed
    const shape = layout === 'class-major' ? [batchSize, C, numPixels] : [batchSize, numPixels, C]
    const out = new CpuTensor(new Float64Array(elementCount(shape)), shape)
    for (let token = 0; token < xT.size; token++) {
      const { t, u } = steps[Math.floor(token / numPixels)]!
      const column = Float64Array.from({ length: this.numCodes }, (_, k) => logits(token, k))
      const rows = posteriorColumn(column, xT.data[token]!, posteriorCoefficients(this.schedule, t, u))
      for (let k = 0; k < C; k++) out.data[elementIndex(layout, C, numPixels, token, k)] = rows[k]!
    }
    return out
  }

  /** logits + Gumbel noise of the uniforms, f64 of the same shape (SEMANTICS 4). Throws ShapeError, DtypeError. */
  gumbelNoised(logits: CpuTensor, noise: CpuTensor): CpuTensor<Float64Array> {
    requireDtype('logits', logits, logitDtypes)
    requireDtype('noise', noise, logitDtypes)
    requireShape('noise', noise, logits.shape, 'that of the logits')
    return new CpuTensor(
      Float64Array.from(logits.data, (logit, i) => logit + gumbelOfUniform(noise.data[i]!)),
      logits.shape,
    )
  }

  /** What steps without counters of their own could not use since this was last asked. */
  async readFaults(): Promise<Faults> {
    const [invalidColumns = 0, impossibleTokens = 0] = this.#faults.data
    this.#faults.data.fill(0)
    return { invalidColumns, impossibleTokens }
  }

  /** Nothing to compile. */
  async prepare(): Promise<void> {}

  /** Everything ran when it was called. */
  async finished(): Promise<void> {}

  /** Nothing to free; lets code that owns schedulers treat both kinds alike. */
  destroy(): void {}

  private emptyDiagnostics(shape: readonly number[]): StepDiagnostics<CpuTensor> {
    const perToken = () => new CpuTensor(new Float64Array(elementCount(shape)), shape)
    return { entropy: perToken(), topProbability: perToken(), counts: this.emptyTokens([2]) }
  }

  private requireKnown(known: KnownTokens<CpuTensor>, sample: CpuTensor): KnownTokens<CpuTensor> {
    for (const [name, tensor] of Object.entries(known)) {
      requireDtype(`known.${name}`, tensor, ['u32', 'i32'])
      requireShape(`known.${name}`, tensor, sample.shape, "the sample's")
    }
    return known
  }

  private output(name: string, wanted: boolean | CpuTensor, sample: CpuTensor): CpuTensor | undefined {
    if (typeof wanted === 'boolean') return wanted ? this.emptyTokens(sample.shape) : undefined
    requireDtype(name, wanted, ['u32', 'i32'])
    requireShape(name, wanted, sample.shape, "the sample's")
    return wanted
  }

  /** The logits of a class of a token, guided if asked for. */
  private logits(
    modelOutput: CpuTensor,
    { layout = 'class-major', guidance }: { layout?: Layout; guidance?: Guidance<CpuTensor> },
    batchSize: number,
    numPixels: number,
  ): ColumnReader {
    const K = this.numCodes
    const check = (name: string, tensor: CpuTensor, items: number) => {
      requireDtype(name, tensor, logitDtypes)
      requireColumns(name, tensor, layout, [items, K, numPixels])
      return columns(tensor, layout, K, numPixels)
    }
    if (!guidance) return check('modelOutput', modelOutput, batchSize)
    if (guidance.unconditional) {
      const conditional = check('modelOutput', modelOutput, batchSize)
      return guided(conditional, check('guidance.unconditional', guidance.unconditional, batchSize), guidance.scale)
    }
    const both = check('modelOutput (unconditional half first)', modelOutput, 2 * batchSize)
    return guided((token, k) => both(token + batchSize * numPixels, k), both, guidance.scale)
  }
}
