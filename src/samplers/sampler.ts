import type { VQDiffusionSchedulerConfig } from '../config'
import type {
  AddNoiseOptions,
  KnownTokens,
  Layout,
  PurityOptions,
  StepDiagnostics,
  StepOptions,
  VQDiffusionSchedulerOutput,
} from '../options'
import type { Expectation } from '../process/expectation'
import type { Schedule } from '../process/schedule'
import type { RandomGenerator } from '../random'

/** The tensor interface that the sampling loop needs; GpuTensor and CpuTensor implement it. */
export interface ChainTensor {
  readonly shape: readonly number[]
  readonly dtype: string
  read(): Promise<ArrayLike<number>>
  clone(): ChainTensor
  destroy(): void
}

/**
 * The scheduler interface that the sampling loop needs; both schedulers implement it. The tensor type is inferred from
 * `emptyTokens` alone.
 */
export interface ChainScheduler<Tensor extends ChainTensor> {
  readonly config: VQDiffusionSchedulerConfig
  /** A new tensor of zeros, u32. */
  emptyTokens(shape: readonly number[]): Tensor
  /** New tensors for the diagnostics of a sample of this shape [B, N]. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<NoInfer<Tensor>>
  /** Throws a named error unless the value is a tensor of tokens [B, N] that the scheduler can read. */
  assertTokens(name: string, value: NoInfer<Tensor>): void
  uploadTokens(tokens: ArrayLike<number>, shape: readonly [number, number]): NoInfer<Tensor>
  initialSample(
    shape: readonly [number, number],
    options: { generator: RandomGenerator; start?: 'noise' | 'mask' },
  ): NoInfer<Tensor>
  addNoise(
    x0: NoInfer<Tensor>,
    timestep: number,
    options: AddNoiseOptions<NoInfer<Tensor>, NoInfer<Tensor>>,
  ): NoInfer<Tensor>
  step(
    modelOutput: NoInfer<Tensor>,
    timestep: number,
    sample: NoInfer<Tensor>,
    options: ChainStepOptions<NoInfer<Tensor>>,
  ): VQDiffusionSchedulerOutput<NoInfer<Tensor>>
  purityStep(
    modelOutput: NoInfer<Tensor>,
    timestep: number,
    sample: NoInfer<Tensor>,
    options: PurityOptions<NoInfer<Tensor>, NoInfer<Tensor>> & { faults: NoInfer<Tensor> },
  ): VQDiffusionSchedulerOutput<NoInfer<Tensor>>
  /** Resolves when `step` with these options, on f32 logits, needs no more compilation. */
  prepare(options: {
    guidance?: { scale: number }
    truncationRate?: number
    known?: KnownTokens<NoInfer<Tensor>>
    diagnostics?: boolean
    layout: Layout
  }): Promise<void>
  /** Resolves when all work enqueued so far has run. */
  finished(): Promise<void>
}

/** A scheduler of either engine, as in `device ? gpuScheduler : cpuScheduler`. */
// biome-ignore lint/suspicious/noExplicitAny: no other type argument accepts the schedulers of both engines.
export type AnyScheduler = ChainScheduler<any>

/** The tensors of a scheduler: those of both engines for a scheduler of either. */
export type TensorOf<Scheduler extends AnyScheduler> = ReturnType<Scheduler['emptyTokens']>

/** Options of a step of the sampling loop. */
export type ChainStepOptions<Tensor> = StepOptions<Tensor, Tensor> & { generator: RandomGenerator; faults: Tensor }

/** One call of the sampling loop for a step. */
export interface SamplerCall<Tensor extends ChainTensor> {
  readonly modelOutput: Tensor
  readonly timestep: number
  readonly sample: Tensor
  readonly options: ChainStepOptions<Tensor>
  readonly priorWeight: number
}

/** A way to draw the steps of a chain. The last step, to clean data, is always drawn from the posterior. */
export interface Sampler {
  /** What a chain starts from, unless latents or an image are given. */
  readonly start: 'noise' | 'mask'
  /** Whether `step` can return the drawn x₀ of every token. */
  readonly drawsX0: boolean
  /** Options of `sample` that the sampler does not support. */
  readonly unsupported: readonly ('known' | 'truncationRate' | 'diagnostics')[]
  step<Tensor extends ChainTensor>(scheduler: ChainScheduler<Tensor>, call: SamplerCall<Tensor>): void
  /** The marginals of a chain that starts from masks or not. */
  expectation(schedule: Schedule, timesteps: readonly number[], fromMasks: boolean): Omit<Expectation, 'timesteps'>
}
