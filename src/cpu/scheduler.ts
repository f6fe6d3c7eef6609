import { type ConfigOverrides, overrideConfig, type VQDiffusionSchedulerOptions } from '../config'
import { fetchJson, modelFile, type PretrainedOptions } from '../fetch'
import { purityQuota } from '../purity_quota'
import type { RandomGenerator } from '../random'
import { initialMaskProbability, posteriorCoefficients } from '../schedule'
import {
  type Faults,
  type KnownTokens,
  type PurityOptions,
  requireDtype,
  requireGenerator,
  requireNoise,
  requireOneOf,
  requirePurityOptions,
  requireSameEnd,
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
import { columns } from './columns'
import { diagnose } from './diagnostics'
import { routeDraw, uniformClass } from './draw'
import { ReferenceOperators } from './operators'
import { revealTokens } from './purity'
import { drawLazily, drawWithNoise } from './step'
import { logitsReader } from './step_inputs'
import { CpuTensor } from './tensor'

export interface CpuStepOptions extends StepOptions<CpuTensor, CpuTensor> {
  /** Where this step counts what it could not use, u32 [2]: invalid columns, impossible tokens. */
  readonly faults?: CpuTensor
}

export interface CpuPurityOptions extends PurityOptions<CpuTensor, CpuTensor> {
  readonly faults?: CpuTensor
}

/**
 * The readable float64 twin of the GPU scheduler: same methods, same seeds, same random bits. It is the oracle of the
 * tests, and the fallback where there is no WebGPU. Samples are u32 [B, N], logits f32 or f64.
 */
export class VQDiffusionScheduler extends ReferenceOperators {
  /** Rejects with ConfigError. */
  static async create(options: VQDiffusionSchedulerOptions): Promise<VQDiffusionScheduler> {
    return new VQDiffusionScheduler(options)
  }

  /** `create` from the content of a `scheduler_config.json`; overrides win. Rejects with ConfigError. */
  static async fromConfig(json: unknown, overrides: ConfigOverrides = {}): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.create(overrideConfig(json, overrides))
  }

  /** `create` from a model folder on the web, as diffusers lays it out; overrides win. Rejects with FetchError or ConfigError. */
  static async fromPretrained(
    url: string | URL,
    { subfolder = 'scheduler', signal, ...overrides }: PretrainedOptions = {},
  ): Promise<VQDiffusionScheduler> {
    return VQDiffusionScheduler.fromConfig(
      await fetchJson(modelFile(url, subfolder, 'scheduler_config.json'), signal),
      overrides,
    )
  }

  /** The fully noised start of a chain, u32 [B, N]; see the GPU scheduler. Throws ShapeError, OptionError. */
  initialSample(
    shape: readonly [batchSize: number, numLatentPixels: number],
    { generator, start = 'noise' }: { generator?: RandomGenerator; start?: 'noise' | 'mask' },
  ): CpuTensor<Uint32Array> {
    const sample = new CpuTensor(new Uint32Array(elementCount(shape)), shape)
    const [batchSize, numPixels] = shape
    requireOneOf('start', start, ['noise', 'mask'])
    if (start === 'mask') {
      sample.data.fill(this.maskClass)
      return sample
    }
    requireGenerator('initialSample', generator)
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
    const logits = logitsReader(modelOutput, options, [batchSize, this.numCodes, numPixels])
    const rows =
      noise && requireNoise(noise, options.layout ?? 'class-major', steps, [batchSize, this.numCodes, numPixels])
    const streams = generator?.streams(batchSize) ?? []
    const prevSample = this.#output('out', options.out ?? true, sample)!
    const x0 = this.#output('predOriginalSample', predOriginalSample ?? false, sample)
    const faults = (options.faults ?? this.faults).data

    const diagnostics = this.#diagnosticsOf(options.diagnostics ?? false, sample)
    const known = options.known && this.#requireKnown(options.known, sample)

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
      if (diagnostics) diagnose(diagnostics, { sample, prevSample, logits, numCodes: this.numCodes, columnsRead })
    }
    return { prevSample, ...(x0 && { predOriginalSample: x0 }), ...(diagnostics && { diagnostics }) }
  }

  /** What steps without counters of their own could not use since this was last asked. */
  async readFaults(): Promise<Faults> {
    const [invalidColumns = 0, impossibleTokens = 0] = this.faults.data
    this.faults.data.fill(0)
    return { invalidColumns, impossibleTokens }
  }

  /** One step of purity-prior sampling; see the GPU scheduler. Throws before anything changes. */
  purityStep(
    modelOutput: CpuTensor,
    timestep: number | readonly number[],
    sample: CpuTensor,
    options: CpuPurityOptions,
  ): VQDiffusionSchedulerOutput<CpuTensor> {
    const { generator, out } = options
    requireGenerator('purityStep', generator)
    const rule = requirePurityOptions(options)
    const { batchSize, numPixels } = requireSample('sample', sample)
    const steps = this.resolveTimesteps(timestep, options.previousTimestep, batchSize)
    if (requireSameEnd(steps)) return this.step(modelOutput, timestep, sample, options)
    const logits = logitsReader(modelOutput, options, [batchSize, this.numCodes, numPixels])
    const streams = generator.streams(batchSize)
    const prevSample = this.#output('out', out ?? true, sample)!
    const faults = (options.faults ?? this.faults).data
    const counter = generator.nextCounter()
    const tokens = { sample: sample.data, prevSample: prevSample.data, numPixels, logits, faults }
    for (const [item, step] of steps.entries()) {
      const revealedAfter = purityQuota(this.schedule, step.u, numPixels)
      const { maskPossible } = this.thresholds(step)
      const at = { stream: streams[item]!, counter }
      revealTokens(tokens, this.numCodes, item, { ...rule, revealedAfter, maskPossible }, at)
    }
    return { prevSample }
  }

  /** Nothing to compile. */
  async prepare(): Promise<void> {}

  /** Everything ran when it was called. */
  async finished(): Promise<void> {}

  /** Nothing to free; lets code that owns schedulers treat both kinds alike. */
  destroy(): void {}

  /** New tensors for `diagnostics` of a sample of this shape [B, N]. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<CpuTensor> {
    const perToken = () => new CpuTensor(new Float64Array(elementCount(shape)), shape)
    return { entropy: perToken(), topProbability: perToken(), counts: this.emptyTokens([2]) }
  }

  #diagnosticsOf(
    wanted: boolean | StepDiagnostics<CpuTensor>,
    sample: CpuTensor,
  ): StepDiagnostics<CpuTensor> | undefined {
    if (typeof wanted === 'boolean') return wanted ? this.emptyDiagnostics(sample.shape) : undefined
    for (const name of ['entropy', 'topProbability'] as const) {
      requireDtype(`diagnostics.${name}`, wanted[name], ['f32', 'f64'])
      requireShape(`diagnostics.${name}`, wanted[name], sample.shape, "the sample's")
    }
    requireDtype('diagnostics.counts', wanted.counts, ['u32'])
    requireShape('diagnostics.counts', wanted.counts, [2], '[tokens changed, columns read]')
    return wanted
  }

  #requireKnown(known: KnownTokens<CpuTensor>, sample: CpuTensor): KnownTokens<CpuTensor> {
    for (const [name, tensor] of Object.entries(known)) {
      requireDtype(`known.${name}`, tensor, ['u32', 'i32'])
      requireShape(`known.${name}`, tensor, sample.shape, "the sample's")
    }
    return known
  }

  #output(name: string, wanted: boolean | CpuTensor, sample: CpuTensor): CpuTensor | undefined {
    if (typeof wanted === 'boolean') return wanted ? this.emptyTokens(sample.shape) : undefined
    requireDtype(name, wanted, ['u32', 'i32'])
    requireShape(name, wanted, sample.shape, "the sample's")
    return wanted
  }
}
