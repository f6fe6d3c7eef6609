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
import type { TimestepPair } from '../process/process'
import type { Schedule } from '../process/schedule'
import type { RandomGenerator } from '../random'

/** The tensor interface that the sampling loop needs; GpuTensor and CpuTensor implement it. */
export interface ChainTensor {
  /** Sizes of the axes. */
  readonly shape: readonly number[]
  /** Element type, for instance 'u32'. */
  readonly dtype: string
  /** A copy of the elements on the host, after all work enqueued so far. */
  read(): Promise<ArrayLike<number>>
  /** Copies the tensor into a new one. */
  clone(): ChainTensor
  /** Frees the memory. Idempotent. */
  destroy(): void
}

/**
 * The scheduler interface that the sampling loop needs; both schedulers implement it. The tensor type is inferred from
 * `emptyTokens` alone.
 */
export interface ChainScheduler<Tensor extends ChainTensor> {
  /** The configuration, with the keys of diffusers. */
  readonly config: VQDiffusionSchedulerConfig
  /** A new tensor of zeros, u32. */
  emptyTokens(shape: readonly number[]): Tensor
  /** New tensors for the diagnostics of a sample of this shape [B, N]. */
  emptyDiagnostics(shape: readonly number[]): StepDiagnostics<NoInfer<Tensor>>
  /** Throws a named error unless the value is a tensor of tokens [B, N] that the scheduler can read. */
  assertTokens(name: string, value: NoInfer<Tensor>): void
  /** A new tensor of tokens, u32 [B, N]. */
  uploadTokens(tokens: ArrayLike<number>, shape: readonly [number, number]): NoInfer<Tensor>
  /** The start of a chain, u32 [B, N]: fully noised, or with `start: 'mask'` masks only. */
  initialSample(
    shape: readonly [number, number],
    options: { generator: RandomGenerator; start?: 'noise' | 'mask' },
  ): NoInfer<Tensor>
  /** The forward process: x_t of clean tokens, u32 [B, N]. */
  addNoise(
    x0: NoInfer<Tensor>,
    timestep: number,
    options: AddNoiseOptions<NoInfer<Tensor>, NoInfer<Tensor>>,
  ): NoInfer<Tensor>
  /** One reverse step x_t → x_u by seed; logits [B, K, N] or [B, N, K], x_t u32 [B, N]. */
  step(
    modelOutput: NoInfer<Tensor>,
    timestep: number,
    sample: NoInfer<Tensor>,
    options: ChainStepOptions<NoInfer<Tensor>>,
  ): VQDiffusionSchedulerOutput<NoInfer<Tensor>>
  /** One step that reveals the most certain masked tokens; logits [B, K, N] or [B, N, K], x_t u32 [B, N]. */
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
export type ChainStepOptions<Tensor> = StepOptions<Tensor, Tensor> & {
  /** The source of randomness, which advances. */
  generator: RandomGenerator
  /** Where invalid input is counted, u32 [2]. */
  faults: Tensor
}

/** One call of the sampling loop for a step. */
export interface SamplerCall<Tensor extends ChainTensor> {
  readonly modelOutput: Tensor
  readonly timestep: number
  readonly sample: Tensor
  readonly options: ChainStepOptions<Tensor>
  readonly priorWeight: number
  readonly tokensPerCall: number | undefined
}

/** A way to draw the steps of a chain. The last step, to clean data, is always drawn from the posterior. */
export interface Sampler {
  /** What a chain starts from, unless latents or an image are given. */
  readonly start: 'noise' | 'mask'
  /** Whether `step` can return the drawn x₀ of every token. */
  readonly drawsX0: boolean
  /** Options of `sample` that the sampler does not support. */
  readonly unsupported: readonly ('known' | 'truncationRate' | 'diagnostics' | 'tokensPerCall')[]
  /** The posterior t → u that the step at each timestep of a list draws from; the last goes to −1. */
  steps(timesteps: readonly number[]): readonly TimestepPair[]
  step<Tensor extends ChainTensor>(scheduler: ChainScheduler<Tensor>, call: SamplerCall<Tensor>): void
  /** The marginals of a chain that starts from masks or not. */
  expectation(schedule: Schedule, timesteps: readonly number[], fromMasks: boolean): Omit<Expectation, 'timesteps'>
}
