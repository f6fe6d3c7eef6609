import type { Checkpoint, TransformerConfig } from '../checkpoint/checkpoint'
import type { RunTensor } from './networks'

interface Integers extends RunTensor {
  readonly data: Int32Array
}

/** What the networks of a model are given in a check: pseudo-random, the same in every run. */
export interface CheckInputs {
  /** Texts [numTexts, L], for a text encoder. */
  readonly ids?: Integers
  /** Noisy tokens [timesteps, N]. */
  readonly tokens: Integers
  readonly timesteps: readonly number[]
  /** A class for each timestep. */
  readonly classes: readonly number[]
  /** Clean tokens of one picture [1, N]. */
  readonly codes: Integers
  readonly grid: readonly [height: number, width: number]
}

export function checkInputs(
  { transformer: { config }, textEncoder, textLength }: Checkpoint,
  timesteps: readonly number[],
): CheckInputs {
  const random = new Draws()
  const grid = [config.latent_height, config.latent_width] as const
  const numLatentPixels = grid[0] * grid[1]
  const integers = (data: Int32Array, rows: number) => ({ data, dims: [rows, data.length / rows] })
  // In this order, since all are drawn from one sequence.
  const ids = textEncoder && textIds(textEncoder.config.vocab_size, textLength!, random)
  const tokens = noisyTokens(config, timesteps, numLatentPixels, random)
  const classes = timesteps.map(() => random.below((config.unconditional_class ?? 0) + 1))
  const codes = Int32Array.from({ length: numLatentPixels }, () => random.below(config.num_vector_embeds - 1))
  return {
    ...(ids && { ids: integers(ids, numTexts) }),
    tokens: integers(tokens, timesteps.length),
    timesteps,
    classes,
    codes: integers(codes, 1),
    grid,
  }
}

/** Multiplications that float64 does in some minutes. */
const budget = 1e11

/** As many timesteps as fit the budget, two at least, spread over all. */
export function timestepsOf({ transformer: { config, weights }, textLength = 0 }: Checkpoint): number[] {
  const size = (name: string) => weights.shapes.get(name)!.reduce((a, b) => a * b)
  const matrices = [...weights.shapes.keys()].filter((name) =>
    /\.(to_\w+(\.0)?|proj|net\.2|conv\d|out)\.weight$/.test(name),
  )
  const numLatentPixels = config.latent_height * config.latent_width
  const width = config.num_attention_heads * config.attention_head_dim
  const products =
    numLatentPixels * matrices.reduce((sum, name) => sum + size(name), 0) +
    2 * config.num_layers * width * numLatentPixels * (numLatentPixels + textLength)
  const count = Math.min(config.num_embeds_ada_norm, Math.max(2, Math.floor(budget / products)))
  const last = config.num_embeds_ada_norm - 1
  return Array.from({ length: count }, (_, i) => Math.round((i * last) / (count - 1 || 1)))
}

/** How many texts a check encodes. */
export const numTexts = 2

/** A short text, padded as CLIP pads it, and one that is as long as can be. */
function textIds(vocabulary: number, length: number, random: Draws): Int32Array {
  const ids = new Int32Array(numTexts * length)
  const [bos, eos] = [vocabulary - 2, vocabulary - 1]
  for (const [text, words] of [Math.min(6, length - 2), length - 2].entries()) {
    const start = text * length
    ids[start] = bos
    for (let i = 0; i < words; i++) ids[start + 1 + i] = 1 + random.below(vocabulary - 3)
    ids[start + 1 + words] = eos
  }
  return ids
}

/** Tokens about as noised as they are at each timestep. */
function noisyTokens(config: TransformerConfig, timesteps: readonly number[], numLatentPixels: number, random: Draws) {
  const mask = config.num_vector_embeds - 1
  return Int32Array.from({ length: timesteps.length * numLatentPixels }, (_, at) => {
    const noise = (timesteps[Math.floor(at / numLatentPixels)]! + 1) / config.num_embeds_ada_norm
    return random.next() < noise ? mask : random.below(mask)
  })
}

/** Pseudo-random numbers, the same in every run: Marsaglia's xorshift. */
class Draws {
  #state = 2463534242

  /** 0 ≤ x < 1 */
  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state / 2 ** 32
  }

  /** 0 … count − 1 */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }
}
