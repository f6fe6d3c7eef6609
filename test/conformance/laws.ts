import { goodnessOfFit } from '../statistics'

/** Draws per law, and the false-alarm rate of each chi-square test. */
export const draws = 2 ** 17
const alpha = 1e-6

/** How often each class occurs. */
export function countTokens(tokens: ArrayLike<number>, numClasses: number): Uint32Array {
  const counts = new Uint32Array(numClasses)
  for (let i = 0; i < tokens.length; i++) counts[tokens[i]!]!++
  return counts
}

/** Throws unless the counts fit the law. */
export function checkLaw(name: string, counts: Uint32Array, probabilities: readonly number[]): void {
  const p = goodnessOfFit(counts, probabilities)
  if (!(p > alpha)) throw new Error(`${name}: counts [${counts}] have p = ${p} under [${probabilities}]`)
}
