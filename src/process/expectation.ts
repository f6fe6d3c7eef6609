import { cumulativeIndex, transition } from './routes'
import type { Schedule } from './schedule'

/** The marginals of a chain along its timesteps, if the network knew x₀; shares of the tokens, 0 … 1. */
export interface Expectation {
  /** The timesteps that the chain visits, n entries; none for strength 0. */
  readonly timesteps: readonly number[]
  /** Share of masked tokens at each timestep and at the end, n + 1 entries. */
  readonly masked: readonly number[]
  /** Share of tokens that each step changes, n entries. */
  readonly changed: readonly number[]
}

/**
 * The marginals of a chain that follows the posterior (docs/MATH.md#expectation): it has the law of the forward
 * process, read backwards.
 *
 * @param fromMasks whether the chain starts from masks only: the law is then conditioned on that
 */
export function posteriorExpectation(
  schedule: Schedule,
  timesteps: readonly number[],
  fromMasks: boolean,
): Omit<Expectation, 'timesteps'> {
  const mask = (t: number) => schedule.mask[cumulativeIndex(schedule, t)]!
  const first = timesteps[0]!
  /** Probability that an ordinary token at u is another class or the mask at t. */
  const leaves = (t: number, u: number) => {
    const step = transition(schedule, t, u)
    return { masked: step.mask, replaced: step.replace * (1 - 1 / schedule.numCodes) }
  }
  const changedBy = (t: number, u: number) => {
    const { masked, replaced } = leaves(t, u)
    if (!fromMasks) return (1 - mask(u)) * (masked + replaced)
    // An ordinary token at t is masked at the first timestep with probability G(t → first).
    const maskedLater = t === first ? 0 : transition(schedule, first, t).mask
    return ((1 - mask(u)) * (masked + replaced * maskedLater)) / mask(first)
  }
  return {
    masked: [...timesteps, -1].map((t) => mask(t) / (fromMasks ? mask(first) : 1)),
    changed: timesteps.map((t, i) => changedBy(t, timesteps[i + 1] ?? -1)),
  }
}
