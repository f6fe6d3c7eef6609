import {
  type AddNoiseOptions,
  type Faults,
  type Layout,
  type LogPX0Options,
  type LogQOptions,
  type QPosteriorOptions,
  RandomGenerator,
  type StepOptions,
  type VQDiffusionSchedulerOptions,
  type VQDiffusionSchedulerOutput,
} from 'vq-diffusion-webgpu'
import type { FloatTensor, TokenTensor } from '../support/host_tensor'
import type { FixtureCase, Fixtures } from './fixtures'

export interface EngineTensor {
  read(): Promise<ArrayLike<number>>
  destroy(): void
}

interface LayoutOption {
  readonly layout?: Layout
}
interface PurityPriorOptions extends LayoutOption {
  readonly priorWeight?: number
  readonly byPurity?: boolean
}
type PurityStepOptions<T> = PurityPriorOptions &
  Pick<StepOptions<T, T>, 'guidance' | 'previousTimestep'> & {
    readonly generator: RandomGenerator
    readonly tokensPerCall?: number
  }

/** The methods that the GPU scheduler and its CPU twin have in common. */
export interface EngineScheduler<T> {
  readonly numCodes: number
  readonly numEmbed: number
  readonly timesteps: readonly number[]
  setTimesteps(timesteps: number, options?: { spacing?: 'strided' | 'leading' }): void
  uploadTokens(tokens: ArrayLike<number>, shape: readonly [number, number]): T
  prepare(options: Omit<StepOptions<T, T>, 'out' | 'predOriginalSample'>): Promise<void>
  initialSample(shape: readonly [number, number], options: { generator?: RandomGenerator; start?: 'noise' | 'mask' }): T
  step(modelOutput: T, timestep: number, sample: T, options: StepOptions<T, T>): VQDiffusionSchedulerOutput<T>
  purityStep(modelOutput: T, timestep: number, sample: T, options: PurityStepOptions<T>): VQDiffusionSchedulerOutput<T>
  readFaults(): Promise<Faults>
  qPosterior(logPX0: T, xT: T, timestep: number, options?: QPosteriorOptions): T
  gumbelNoised(logits: T, noise: T): T
  indexToLogOnehot(x: T, numClasses: number, options?: LayoutOption): T
  logQTTransitioningToKnownClass(options: LogQOptions<T>): T
  applyCumulativeTransitions(q: T, t: number | readonly number[], options?: LayoutOption): T
  logPX0(modelOutput: T, options?: LogPX0Options<T>): T
  purityPrior(logPX0: T, xT: T, options?: PurityPriorOptions): { logProb: T; selectionWeight: T }
  addNoise(x0: T, t: number | readonly number[], options: AddNoiseOptions<T, T>): T
  lookupCodebook(codebook: T, tokens: T): T
}

/** An engine under test: its tensors, and the schedulers that cases of the same configuration share. */
export abstract class Engine<T extends EngineTensor, S extends EngineScheduler<T> = EngineScheduler<NoInfer<T>>> {
  readonly #schedulers = new Map<string, Promise<S>>()

  constructor(readonly fixtures: Fixtures) {}

  /** How many tokens are drawn to test a law. */
  abstract readonly draws: number

  abstract upload(tensor: FloatTensor | TokenTensor): T
  protected abstract create(options: VQDiffusionSchedulerOptions): Promise<S>

  /** The scheduler of a configuration. */
  scheduler({ config }: { readonly config: VQDiffusionSchedulerOptions }): Promise<S> {
    const key = JSON.stringify(config)
    const scheduler = this.#schedulers.get(key) ?? this.create(config)
    this.#schedulers.set(key, scheduler)
    return scheduler
  }

  /** Every case draws from the same seed. */
  generator(): RandomGenerator {
    return new RandomGenerator(0x5eed)
  }

  floats(fixture: FixtureCase, name: string): T {
    return this.upload(this.fixtures.floats(fixture.inputs[name]!))
  }

  tokens(fixture: FixtureCase, name: string): T {
    return this.upload(this.fixtures.tokens(fixture.inputs[name]!))
  }
}

/** A case that either engine can run. */
export type EngineCase = <T extends EngineTensor>(fixture: FixtureCase, engine: Engine<T>) => Promise<void>

/** Reads a tensor and destroys it, and everything else that the case used. */
export async function take(result: EngineTensor, ...used: EngineTensor[]): Promise<ArrayLike<number>> {
  const values = await result.read()
  for (const tensor of [result, ...used]) tensor.destroy()
  return values
}
