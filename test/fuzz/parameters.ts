import { RandomGenerator } from 'vq-diffusion-webgpu'
import { arrayOf, nudgedRate } from './contents'
import {
  type ArrayDescription,
  type Description,
  type GeneratorDescription,
  isDescribed,
  type SameDescription,
  type TensorDescription,
  type TimestepDescription,
  type WrongDescription,
} from './descriptions'
import type { FuzzEngine, FuzzScheduler, MadeTensor } from './engines'
import { wrongValues } from './wrong_values'

/** The parameters of one call on one engine, and what they were made of. */
export class Parameters {
  readonly values: unknown[]
  readonly generators: RandomGenerator[] = []
  /** By their paths; a tensor that is given twice is here once. */
  readonly tensors = new Map<string, MadeTensor>()
  /** Arrays on the host, with copies of what they held before. */
  readonly arrays: { readonly given: ArrayLike<number>; readonly before: readonly number[] }[] = []
  readonly #encoders: { submit(): void }[] = []

  constructor(
    private readonly engine: FuzzEngine,
    private readonly scheduler: FuzzScheduler,
    private readonly descriptions: readonly Description[],
    private readonly nudge: number,
  ) {
    this.values = descriptions.map((description, place) => this.#make(description, [String(place)]))
  }

  /** Submits what the call has recorded. */
  submit(): void {
    for (const encoder of this.#encoders) encoder.submit()
  }

  get hasEncoder(): boolean {
    return this.#encoders.length > 0
  }

  destroy(): void {
    for (const tensor of this.tensors.values()) tensor.destroy()
  }

  #make(description: Description, path: readonly string[]): unknown {
    if (isDescribed<TensorDescription>(description, 'tensor')) return this.#tensor(description, path)
    if (isDescribed<GeneratorDescription>(description, 'generator')) return this.#generator(description)
    if (isDescribed<WrongDescription>(description, 'wrong')) return wrongValues[description.value]
    if (isDescribed<ArrayDescription>(description, 'array')) {
      const given = arrayOf(description)
      this.arrays.push({ given, before: Array.from(given) })
      return given
    }
    if (isDescribed<SameDescription>(description, 'same')) return this.#same(description.path)
    if (isDescribed<TimestepDescription>(description, 'timestep')) {
      const { timesteps } = this.scheduler
      return timesteps[description.place % timesteps.length]
    }
    if (isDescribed(description, 'encoder')) {
      const encoder = this.engine.encoder()
      this.#encoders.push(encoder)
      return encoder.given
    }
    // Of the other kinds the calls make what they need.
    if (typeof description !== 'object' || description === null || '$' in description) return description
    if (Array.isArray(description)) {
      const list = description.map((each, place) => this.#make(each, [...path, String(place)]))
      return Object.freeze(list)
    }
    const made: Record<string, unknown> = {}
    for (const [key, each] of Object.entries(description)) {
      const value = this.#make(each, [...path, key])
      made[key] = key === 'truncationRate' && typeof value === 'number' ? nudgedRate(value, this.nudge) : value
      // The twin takes no encoder.
      if (made[key] === undefined && isDescribed(each, 'encoder')) delete made[key]
    }
    // Frozen, so that a call that writes to its options fails.
    return Object.freeze(made)
  }

  #tensor(description: TensorDescription, path: readonly string[]): unknown {
    // A description that was met before its own place, as the same as another.
    const existing = this.tensors.get(path.join('.'))
    if (existing) return existing.given
    const made = this.engine.make(description, this.nudge)
    this.tensors.set(path.join('.'), made)
    return made.given
  }

  #generator({ seeds, calls }: GeneratorDescription): RandomGenerator {
    const generator = RandomGenerator.fromState({ seeds: seeds.map(String), counter: calls })
    this.generators.push(generator)
    return generator
  }

  #same(path: readonly string[]): unknown {
    let description: unknown = this.descriptions
    for (const key of path) description = (description as Record<string, unknown> | undefined)?.[key]
    return isDescribed<TensorDescription>(description, 'tensor') ? this.#tensor(description, path) : undefined
  }
}
