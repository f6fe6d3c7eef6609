import { readConfig } from '../../src/config'
import { type PosteriorCoefficients, posteriorCoefficients } from '../../src/process/posterior'
import { createSchedule } from '../../src/process/schedule'
import type { Peer, PreparedPeer, Problem } from '../peer'
import { Columns } from './javascript_columns'
import { truncateMasses } from './javascript_truncate'

/**
 * The reference-identical step as one would write it for a CPU: no one-hot, no dense posterior, no scratch beyond a
 * column. The posterior's closed form is affine in p (SEMANTICS 11), so that argmax(log posterior + Gumbel) is
 * argmax((scale·p + shift) / E) with E = −log u: one exponential a class. And since E ≥ 1 − u, most classes cannot win
 * whatever their logarithm is, and it is not taken.
 */
export const javascript: Peer = {
  name: 'JavaScript',
  runsOn: 'JavaScript',
  prepare: async (problem) => new JavaScriptStep(problem),
}

/** What the floor in the reference's Gumbel formula comes to. */
const epsilon = 1e-30

/** The posterior of a class with mass p is scale·p + shift. */
interface Affine {
  readonly scale: number
  readonly shift: number
}

class JavaScriptStep implements PreparedPeer {
  readonly #numCodes: number
  readonly #coefficients: PosteriorCoefficients
  readonly #conditional: Columns
  readonly #unconditional: Columns | undefined
  readonly #noise: Columns
  readonly #masses: Float64Array
  readonly #tokens: Uint32Array

  constructor(private readonly problem: Problem) {
    const { numVecClasses, timestep, previousTimestep, conditional, unconditional, noise, sample } = problem
    this.#numCodes = numVecClasses - 1
    this.#coefficients = posteriorCoefficients(
      createSchedule(readConfig({ num_vec_classes: numVecClasses })),
      timestep,
      previousTimestep,
    )
    this.#conditional = new Columns(conditional, problem, this.#numCodes)
    this.#unconditional = unconditional && new Columns(unconditional, problem, this.#numCodes)
    this.#noise = new Columns(noise, problem, numVecClasses)
    this.#masses = new Float64Array(this.#numCodes)
    this.#tokens = new Uint32Array(sample.length)
  }

  step(): void {
    for (let token = 0; token < this.#tokens.length; token++) this.#tokens[token] = this.draw(token)
  }

  async finished(): Promise<void> {}

  async tokens(): Promise<Uint32Array> {
    return this.#tokens
  }

  destroy(): void {}

  private draw(token: number): number {
    const c = this.#coefficients
    const { exp } = Math
    const masses = this.#masses
    let total = this.fillMasses(token)
    if (this.problem.truncationRate < 1) {
      truncateMasses(masses, total, this.problem.truncationRate)
      total = sum(masses, 0, masses.length)
    }
    const noise = this.#noise.column(token)
    const classT = this.problem.sample[token]!
    const K = this.#numCodes
    if (classT === K) {
      const affine = { scale: exp(c.maskedClass), shift: exp(c.maskedAny) * total }
      const best = argmax(masses, noise, affine, 0, K, { score: 0, class: 0 })
      return better(best, exp(c.maskedMask) * total, noise[K]!, K).class
    }
    // S − p_j would cancel (SEMANTICS 11).
    const others = sum(masses, 0, classT) + sum(masses, classT + 1, K)
    const mass = masses[classT]!
    const all = others * exp(-c.cumulativeOther) + mass * exp(-c.cumulativeSame)
    const affine = {
      scale: exp(c.stepOther + c.logKeep - c.cumulativeOther),
      shift: exp(c.stepOther + c.logReplace) * all,
    }
    const same = exp(c.stepSame) * (exp(c.logKeep - c.cumulativeSame) * mass + exp(c.logReplace) * all)
    let best = argmax(masses, noise, affine, 0, classT, { score: 0, class: 0 })
    best = better(best, same, noise[classT]!, classT)
    best = argmax(masses, noise, affine, classT + 1, K, best)
    return better(best, exp(c.ordinaryMask) * all, noise[K]!, K).class
  }

  /** exp of the column's logits, guided; returns their sum. Float64 needs no maximum to be subtracted. */
  private fillMasses(token: number): number {
    const masses = this.#masses
    const conditional = this.#conditional.column(token)
    let total = 0
    if (this.#unconditional) {
      const unconditional = this.#unconditional.column(token)
      const scale = this.problem.guidanceScale
      for (let k = 0; k < masses.length; k++) {
        const mass = Math.exp(unconditional[k]! + scale * (conditional[k]! - unconditional[k]!))
        masses[k] = mass
        total += mass
      }
    } else {
      for (let k = 0; k < masses.length; k++) {
        const mass = Math.exp(conditional[k]!)
        masses[k] = mass
        total += mass
      }
    }
    return total
  }
}

interface Best {
  score: number
  class: number
}

/** The best of classes `from` to `to` − 1 and of what was best before. */
function argmax(
  masses: Float64Array,
  noise: Float32Array,
  { scale, shift }: Affine,
  from: number,
  to: number,
  best: Best,
): Best {
  let { score: bestScore, class: bestClass } = best
  for (let k = from; k < to; k++) {
    const posterior = scale * masses[k]! + shift
    const uniform = noise[k]!
    if (posterior <= bestScore * (1 - uniform)) continue
    const score = posterior / (epsilon - Math.log(uniform + epsilon))
    if (score > bestScore) {
      bestScore = score
      bestClass = k
    }
  }
  return { score: bestScore, class: bestClass }
}

function better(best: Best, posterior: number, uniform: number, classIndex: number): Best {
  const score = posterior / (epsilon - Math.log(uniform + epsilon))
  return score > best.score ? { score, class: classIndex } : best
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0
  for (let k = from; k < to; k++) total += values[k]!
  return total
}
