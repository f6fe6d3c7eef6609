import type { Peer } from './peer'
import { raceOf } from './race'

/**
 * The race written for a CPU: no scratch beyond two columns. Since −log u ≥ 1 − u, most classes cannot win whatever their
 * logarithm is, and it is not taken.
 */
export const javascript: Peer = async (problem) => {
  const { C, sample, conditional, unconditional, noise, truncationRate, guidanceScale } = problem
  const K = C - 1
  const race = raceOf(problem)
  const column = (data: Float32Array, rows: number, token: number) => data.subarray(token * rows, (token + 1) * rows)
  const masses = new Float64Array(K)
  const sorted = new Float64Array(K)
  const tokens = new Uint32Array(sample.length)

  /** exp of the column's guided logits; float64 needs no maximum to be subtracted. */
  const fillMasses = (token: number) => {
    const given = column(conditional, K, token)
    if (!unconditional) {
      for (let k = 0; k < K; k++) masses[k] = Math.exp(given[k]!)
      return
    }
    const without = column(unconditional, K, token)
    for (let k = 0; k < K; k++) masses[k] = Math.exp(without[k]! + guidanceScale * (given[k]! - without[k]!))
  }

  const draw = (token: number) => {
    fillMasses(token)
    if (truncationRate < 1) truncateMasses(masses, truncationRate, sorted)
    const uniforms = column(noise, race ? C : K, token)
    if (!race) return fastest(masses, 0, uniforms).class
    const xT = sample[token]!
    const { shift, shiftByMass, own, ownByMass } = xT === K ? race.masked : race.ordinary
    const total = sum(masses)
    const mass = masses[xT] ?? 0
    const best = fastest(masses, shift * total + shiftByMass * mass, uniforms)
    const score = (own * total + ownByMass * mass) / -Math.log(uniforms[xT]!)
    return score > best.score ? xT : best.class
  }

  return {
    step: () => {
      for (let token = 0; token < tokens.length; token++) tokens[token] = draw(token)
    },
    tokens: () => tokens,
  }
}

/** The first class of the highest (mass + shift) / −log u. */
function fastest(masses: Float64Array, shift: number, uniforms: Float32Array): { class: number; score: number } {
  let best = 0
  let bestScore = 0
  for (let k = 0; k < masses.length; k++) {
    const rate = masses[k]! + shift
    const uniform = uniforms[k]!
    if (rate <= bestScore * (1 - uniform)) continue
    const score = rate / -Math.log(uniform)
    if (score > bestScore) {
      bestScore = score
      best = k
    }
  }
  return { class: best, score: bestScore }
}

function sum(values: Float64Array): number {
  let total = 0
  for (let k = 0; k < values.length; k++) total += values[k]!
  return total
}

/**
 * Sets to 0 the classes that truncation drops, for 0 < rate < 1: with the classes in falling order, equal ones by rising
 * index, a class is kept if the mass of those before it is below the rate. Classes below (1 − rate) / K of the total have
 * less than 1 − rate together, so all of them are dropped, and only the others are sorted.
 *
 * @param sorted scratch of the same length
 */
export function truncateMasses(masses: Float64Array, rate: number, sorted: Float64Array): void {
  const total = sum(masses)
  const least = ((1 - rate) * total) / masses.length
  let count = 0
  for (let k = 0; k < masses.length; k++) if (masses[k]! >= least) sorted[count++] = masses[k]!
  const rising = sorted.subarray(0, count).sort()
  let cut = count - 1
  let kept = rising[cut]!
  while (cut > 0 && kept < rate * total) kept += rising[--cut]!
  const smallest = rising[cut]!
  let equals = rising.lastIndexOf(smallest) + 1 - cut
  for (let k = 0; k < masses.length; k++)
    if (masses[k]! < smallest || (masses[k] === smallest && equals-- <= 0)) masses[k] = 0
}
