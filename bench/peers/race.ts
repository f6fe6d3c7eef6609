import { readConfig } from '../../src/config'
import { posteriorCoefficients } from '../../src/process/posterior'
import { createSchedule } from '../../src/process/schedule'
import type { Problem } from './peer'

/**
 * The dense draw in the fewest operators.
 *
 * argmax(log q + Gumbel) is argmin(q / log u), a race of exponentials. The posterior q needs no logarithms and no one-hot
 * (docs/MATH.md#posterior-closed-form): divided by what all classes share, it is
 *
 *   q_k = p_k + shift(S, p_j)      for every class k except x_t's own, and
 *   q_own = own(S, p_j)            for x_t's own row, j or the mask,
 *
 * where S = Σ p and j = x_t. So one addition per class is enough, and x_t's own row is compared afterwards. The race may
 * include j: its wrong q is never above its right one, because A/B ≥ ᾱ_t/b̄_t. For an ordinary token the row of the mask
 * has a probability of 1e-30 in the reference, and none here.
 */
export interface Race {
  readonly masked: Rates
  readonly ordinary: Rates
}

/** shift = shift·S + shiftByMass·p_j, own likewise; the mask has no mass. */
interface Rates {
  readonly shift: number
  readonly shiftByMass: number
  readonly own: number
  readonly ownByMass: number
}

/** The race of a step; undefined for a step to clean data, where q = p. */
export function raceOf({ C, timestep, previousTimestep }: Problem): Race | undefined {
  if (previousTimestep === -1) return undefined
  const c = posteriorCoefficients(createSchedule(readConfig({ num_vec_classes: C })), timestep, previousTimestep)
  const { exp } = Math
  // Relative to one class: b̄_u / ā_u, q̄_t(j | other) / q̄_t(j | same), q(j | same) / q(j | other).
  const replace = exp(c.logReplace - c.logKeep)
  const other = exp(c.cumulativeOther - c.cumulativeSame)
  const same = exp(c.stepSame - c.stepOther)
  // Σ over the others is S − p_j. Its cancellation does no harm: then q_own consists of p_j's share.
  const shiftByMass = -replace * (1 - other)
  const [shift, own] = [exp(c.maskedAny - c.maskedClass), exp(c.maskedMask - c.maskedClass)]
  return {
    masked: { shift, shiftByMass: 0, own, ownByMass: 0 },
    ordinary: { shift: replace, shiftByMass, own: same * replace, ownByMass: same * (other + shiftByMass) },
  }
}
