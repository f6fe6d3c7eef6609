import * as tf from '@tensorflow/tfjs-core'
import type { Problem } from '../peer'
import { type Race, raceNoise, raceOf } from './race'

/** Columns are rows here: everything is [B·N, K] or, once a column, [B·N, 1]. */
type Tensor = tf.Tensor

/** Masses p up to a factor a column, and their sums. */
export interface Masses {
  readonly mass: Tensor
  readonly total: Tensor
}

/** How a softmax is computed; which way is faster depends on the device. */
export type MassesOf = (step: TfjsStep, logits: Tensor) => Masses

/** The step in the operators of TensorFlow.js, in the race form of race.ts, on resident tensors. */
export class TfjsStep {
  readonly tokens: number
  readonly #race: Race | null
  readonly #resident: Record<'noise' | 'maskNoise' | 'sample' | 'base' | 'ones' | 'zeros' | 'conditional', Tensor>
  readonly #unconditional: Tensor | undefined

  constructor(private readonly problem: Problem) {
    const { batchSize: B, numLatentPixels: N, layout, conditional, unconditional } = problem
    const K = this.numCodes
    const tokens = B * N
    this.tokens = tokens
    this.#race = raceOf(problem)
    const given = layout === 'pixel-major' ? [tokens, K] : [B, K, N]
    const noise = raceNoise(problem, 'pixel-major')
    const column = [tokens, 1]
    this.#resident = {
      noise: tf.tensor(noise.classes, [tokens, K]),
      maskNoise: tf.tensor(noise.mask, column),
      sample: tf.tensor(new Int32Array(problem.sample), column, 'int32'),
      base: tf.tensor(
        Int32Array.from({ length: tokens }, (_, token) => token * K),
        column,
        'int32',
      ),
      ones: tf.ones(column),
      zeros: tf.zeros(column, 'int32'),
      conditional: tf.tensor(conditional, given),
    }
    this.#unconditional = unconditional && tf.tensor(unconditional, given)
  }

  get numCodes(): number {
    return this.problem.numVecClasses - 1
  }

  get ones(): Tensor {
    return this.#resident.ones
  }

  /** x_u, int32 [B·N, 1]; the caller disposes of it. */
  run(massesOf: MassesOf): Tensor {
    return tf.tidy(() => {
      const { truncationRate } = this.problem
      const masses = massesOf(this, this.logits())
      return this.draw(truncationRate < 1 ? this.truncated(masses, truncationRate) : masses)
    })
  }

  /** The beginning of `run` alone. */
  tryMasses(massesOf: MassesOf): void {
    tf.tidy(() => {
      massesOf(this, this.logits())
    })
  }

  dispose(): void {
    for (const tensor of Object.values(this.#resident)) tensor.dispose()
    this.#unconditional?.dispose()
  }

  /** The first class of the extreme of each column. */
  first(arg: typeof tf.argMin | typeof tf.argMax, values: Tensor): Tensor {
    return tf.reshape(arg(values, 1), [this.tokens, 1])
  }

  /** One element of each column. */
  at(values: Tensor, classIndex: Tensor): Tensor {
    return tf.gather(tf.reshape(values, [-1]), tf.add(classIndex, this.#resident.base)) as Tensor
  }

  private logits(): Tensor {
    const { conditional } = this.#resident
    const { layout, guidanceScale } = this.problem
    const unconditional = this.#unconditional
    const logits = unconditional
      ? tf.add(unconditional, tf.mul(tf.sub(conditional, unconditional), guidanceScale))
      : conditional
    if (layout === 'pixel-major') return logits
    // Its reductions would each transpose, since they know only innermost axes.
    return tf.reshape(tf.transpose(logits, [0, 2, 1]), [this.tokens, this.numCodes])
  }

  /** Zero beyond the classes that come before the truncation rate is reached: a full sort, since it may be any number. */
  private truncated({ mass, total }: Masses, rate: number): Masses {
    const sorted = tf.topk(mass, this.numCodes, true).values
    const before = tf.cumsum(sorted, 1, true)
    const count = tf.searchSorted(before, tf.mul(total, rate), 'left')
    const least = this.at(sorted, tf.sub(count, tf.scalar(1, 'int32')))
    const kept = tf.mul(mass, tf.cast(tf.greaterEqual(mass, least), 'float32'))
    return { mass: kept, total: sumOfColumns(kept) }
  }

  private draw({ mass, total }: Masses): Tensor {
    const { noise, maskNoise, sample, zeros } = this.#resident
    const logNoise = tf.log(noise)
    const race = this.#race
    if (!race) return this.first(tf.argMin, tf.div(mass, logNoise))
    const isMask = tf.equal(sample, tf.scalar(this.numCodes, 'int32'))
    const ownClass = tf.where(isMask, zeros, sample)
    const ownMass = this.at(mass, ownClass)
    const perToken = (masked: number, ordinary: number, byMass: number) =>
      tf.where(isMask, tf.mul(total, masked), tf.add(tf.mul(total, ordinary), tf.mul(ownMass, byMass)))
    const { masked, ordinary } = race
    const shift = perToken(masked.shift, ordinary.shift, ordinary.shiftByMass)
    const own = perToken(masked.own, ordinary.own, ordinary.ownByMass)
    const ownLogNoise = tf.where(isMask, tf.log(maskNoise), this.at(logNoise, ownClass))
    const scores = tf.div(tf.add(mass, shift), logNoise)
    const best = this.first(tf.argMin, scores)
    const ownWins = tf.less(tf.div(own, ownLogNoise), this.at(scores, best))
    return tf.where(ownWins, sample, best)
  }
}

/** One kernel. */
export const bySoftmax: MassesOf = (step, logits) => ({ mass: tf.softmax(logits, 1), total: step.ones })

/**
 * More kernels with fewer barriers: faster where a barrier is expensive. ArgMax has workgroups of 64, where Max and
 * Softmax take 256 for as many classes as here.
 */
export const byParts: MassesOf = (step, logits) => {
  const top = step.at(logits, step.first(tf.argMax, logits))
  const mass = tf.exp(tf.sub(logits, top))
  return { mass, total: sumOfColumns(mass) }
}

/** [columns, classes] → [columns, 1], in halves for as long as that makes workgroups of 64. */
function sumOfColumns(values: Tensor): Tensor {
  const [columns, classes] = values.shape as [number, number]
  let parts = 1
  while (classes / parts >= 4096 && classes % (parts * 2) === 0) parts *= 2
  const sums = tf.sum(tf.reshape(values, [columns * parts, classes / parts]), 1)
  return tf.sum(tf.reshape(sums, [columns, parts]), 1, true)
}
