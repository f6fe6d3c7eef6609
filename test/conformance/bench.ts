import type { VQDiffusionSchedulerOptions } from '../../src/config'
import type { AddNoiseOptions, LayoutOption, LogPX0Options, LogQOptions, PurityRule } from '../../src/options'
import { RandomGenerator } from '../../src/random'
import type { FixtureCase, Fixtures, FloatTensor, TokenTensor } from './fixtures'

export interface BenchTensor {
  read(): Promise<ArrayLike<number>>
  destroy(): void
}

/** The dense operators, which the GPU scheduler and its CPU twin both have. */
export interface Operators<T> {
  readonly numCodes: number
  readonly numEmbed: number
  uploadTokens(tokens: ArrayLike<number>, shape: readonly [number, number]): T
  gumbelNoised(logits: T, noise: T): T
  indexToLogOnehot(x: T, numClasses: number, options?: LayoutOption): T
  logQTTransitioningToKnownClass(options: LogQOptions<T>): T
  applyCumulativeTransitions(q: T, t: number | readonly number[], options?: LayoutOption): T
  logPX0(modelOutput: T, options?: LogPX0Options<T>): T
  purityPrior(logPX0: T, xT: T, options?: LayoutOption & Partial<PurityRule>): { logProb: T; selectionWeight: T }
  addNoise(x0: T, t: number | readonly number[], options: AddNoiseOptions<T, T>): T
  lookupCodebook(codebook: T, tokens: T): T
}

/** An engine under test: its tensors, and the schedulers that the cases share. */
export abstract class Bench<T extends BenchTensor, S extends Operators<T> = Operators<NoInfer<T>>> {
  readonly #schedulers = new Map<string, Promise<S>>()

  constructor(readonly fixtures: Fixtures) {}

  abstract upload(tensor: FloatTensor | TokenTensor): T
  protected abstract create(options: VQDiffusionSchedulerOptions): Promise<S>

  /** The scheduler of a case, or one for the pieces that have no schedule, only K. */
  scheduler(source: FixtureCase | { numCodes: number }): Promise<S> {
    const options = 'config' in source ? source.config : { num_vec_classes: source.numCodes + 1 }
    const key = JSON.stringify(options)
    const scheduler = this.#schedulers.get(key) ?? this.create(options)
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

/** Reads a tensor and frees everything that the case used. */
export async function take(result: BenchTensor, ...used: BenchTensor[]): Promise<ArrayLike<number>> {
  const values = await result.read()
  for (const tensor of [result, ...used]) tensor.destroy()
  return values
}
