import { requireFields, requireInteger } from './checks'
import { LimitError, OptionError, ShapeError } from './errors'
import { valueText } from './value_text'

/** Parameters of so many items fit into every device's bindings. */
const maxBatchSize = 2 ** 20

/** The random stream of a batch item (docs/MATH.md#random-numbers); the struct ItemStream of random.wgsl. */
export type ItemStream = {
  /** The low and the high 32 bits. */
  readonly seed: readonly [low: number, high: number]
  /** Index among the items that share the seed. */
  readonly item: number
}

/** The state of a RandomGenerator as JSON; seeds are decimal strings. */
export interface RandomGeneratorState {
  /** The seeds as decimal strings, one or one per item. */
  readonly seeds: readonly string[]
  /** Number of drawing calls so far, modulo 2³². */
  readonly counter: number
}

/**
 * The source of randomness of a chain: one seed, or one per batch item, and a counter that every drawing call uses and
 * advances. The random bits are the same on every device. An item with its own seed draws the same tokens as alone;
 * with a single seed that holds for item 0.
 */
export class RandomGenerator {
  readonly #seeds: readonly bigint[]
  /** The streams of the last batch size. */
  #streams: readonly ItemStream[] | undefined
  #counter = 0

  /**
   * Starts at the beginning of the seeds' streams. Throws OptionError.
   *
   * @param seed one seed for the batch, or a list with one for each item: integers from 0 to 2⁶⁴ − 1, those above 2⁵³ as
   *   bigint
   */
  constructor(seed: number | bigint | readonly (number | bigint)[]) {
    const seeds = Array.isArray(seed) ? seed : [seed]
    if (seeds.length === 0) throw new OptionError('A generator needs at least one seed; given an empty list.')
    this.#seeds = Array.from(seeds, (seed) => toSeed(seed, seed))
  }

  /** Seeds and counter as plain JSON, for `fromState`. */
  get state(): RandomGeneratorState {
    return { seeds: this.#seeds.map(String), counter: this.#counter }
  }

  /** Continues from a saved state. Throws OptionError. */
  static fromState(state: RandomGeneratorState): RandomGenerator {
    requireFields("A generator's state", state, { seeds: true, counter: true })
    const { seeds, counter } = state
    if (!Array.isArray(seeds))
      throw new OptionError(`A generator's seeds need to be a list; given ${valueText(seeds)}.`)
    const generator = new RandomGenerator(Array.from(seeds, parseSeed))
    requireInteger("A generator's counter", counter, 0, 0xffffffff)
    generator.#counter = counter
    return generator
  }

  /** The streams of a batch. Throws OptionError, LimitError, or ShapeError if there are several seeds, but not one per item. */
  streams(batchSize: number): readonly ItemStream[] {
    if (!(#seeds in this))
      throw new OptionError(
        'A generator needs to be the object that was created, and no Proxy of it: in Vue, give toRaw(generator).',
      )
    if (this.#streams && this.#streams.length === batchSize) return this.#streams
    requireInteger('A batch', batchSize, 0)
    if (batchSize > maxBatchSize)
      throw new LimitError(`A batch can have ${maxBatchSize} items at most; given ${batchSize}.`)
    const seeds = this.#seeds
    if (seeds.length !== 1 && seeds.length !== batchSize)
      throw new ShapeError(`A batch of ${batchSize} needs one seed or ${batchSize}; given ${seeds.length} seeds.`)
    this.#streams = Array.from({ length: batchSize }, (_, item) => {
      const seed = seeds[seeds.length === 1 ? 0 : item]!
      return {
        seed: [Number(seed & 0xffffffffn), Number(seed >> 32n)],
        item: seeds.length === 1 ? item : 0,
      }
    })
    return this.#streams
  }

  /** The counter of the next drawing call; advances it. */
  nextCounter(): number {
    const counter = this.#counter
    this.#counter = (counter + 1) >>> 0
    return counter
  }
}

/** The seed of a decimal string of at most 20 digits, as 2⁶⁴ has; `toSeed` refuses all others. */
function parseSeed(text: string): bigint {
  const isDecimal = typeof text === 'string' && /^\d{1,20}$/.test(text)
  return toSeed(isDecimal ? BigInt(text) : Number.NaN, text)
}

/** Throws OptionError, which shows the given value, unless the seed has 64 bits at most. */
function toSeed(seed: number | bigint, given: unknown): bigint {
  const valid =
    typeof seed === 'bigint' ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && Number(seed) >= 0
  if (!valid)
    throw new OptionError(
      `A seed needs to be an integer from 0 to 2⁶⁴ − 1 (a bigint above ${Number.MAX_SAFE_INTEGER}); given ${valueText(given)}.`,
    )
  return BigInt(seed)
}
