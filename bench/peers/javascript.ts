import type { Peer } from './peer'
import { raceOf } from './race'

/**
 * The race written for a CPU: no scratch beyond a column. Since −log u ≥ 1 − u, most classes cannot win whatever their
 * logarithm is, and it is not taken.
 */
export const javascript: Peer = async (problem) => {
  const { C, sample, conditional, unconditional, noise, truncationRate, guidanceScale } = problem
  const K = C - 1
  const race = raceOf(problem)
  const column = (data: Float32Array, rows: number, token: number) => data.subarray(token * rows, (token + 1) * rows)
  const masses = new Float64Array(K)
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
    if (truncationRate < 1) truncateMasses(masses, truncationRate)
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

/** A histogram by the leading bits of the masses finds the cut, so that only the classes around it are sorted. */
const droppedBits = 19
const sums = new Float64Array(2 ** (31 - droppedBits))
const float = new Float32Array(1)
const bits = new Int32Array(float.buffer)

/** Positive floats are ordered like their bits. */
function bucketOf(mass: number): number {
  float[0] = mass
  return bits[0]! >> droppedBits
}

/**
 * Sets to 0 the classes that truncation drops: with the classes in falling order, equal ones by rising index, a class is
 * kept if it is the first or the mass of those before it is below the rate.
 */
export function truncateMasses(masses: Float64Array, rate: number): void {
  const wanted = rate * sum(masses)
  sums.fill(0)
  for (let k = 0; k < masses.length; k++) sums[bucketOf(masses[k]!)]! += masses[k]!
  let cut = sums.length - 1
  let before = 0
  while (cut > 0 && (sums[cut] === 0 || before + sums[cut]! < wanted)) before += sums[cut--]!
  const around: number[] = []
  for (let k = 0; k < masses.length; k++) {
    const bucket = bucketOf(masses[k]!)
    if (bucket < cut) masses[k] = 0
    else if (bucket === cut) around.push(k)
  }
  around.sort((a, b) => masses[b]! - masses[a]! || a - b)
  for (const k of around) {
    const mass = masses[k]!
    if (before > 0 && !(before < wanted)) masses[k] = 0
    before += mass
  }
}
