import type { Layout } from 'vq-diffusion-webgpu'
import { readConfig } from '../../src/config'
import { elementIndex } from '../../src/cpu/logits'
import { posteriorCoefficients } from '../../src/process/posterior'
import { createSchedule } from '../../src/process/schedule'
import type { Problem } from '../peer'

/**
 * The dense draw in the fewest operators of a tensor library.
 *
 * argmax(log q + Gumbel) is argmin(q / log u), a race of exponentials, and the posterior q of SEMANTICS 11 needs no logs
 * and no one-hot: divided by what all classes share, it is
 *
 *   q_k = p_k + shift(S, p_j)      for every class k but x_t's own, and
 *   q_own = own(S, p_j)            for x_t's own row, j or the mask,
 *
 * where S = Σ p and j = x_t. So one addition per class does, x_t's own row is compared afterwards, and j needs not be
 * left out of the first race: its wrong q is never above its right one, because A/B ≥ ᾱ_t/b̄_t. Of an ordinary token the
 * mask's row has a probability of 1e-30 in the reference, and none here.
 */
export interface Race {
  /** x_t is the mask: shift and own per unit of S. */
  readonly masked: { readonly shift: number; readonly own: number }
  /** x_t = j: shift = shift·S + shiftByMass·p_j, own likewise. */
  readonly ordinary: {
    readonly shift: number
    readonly shiftByMass: number
    readonly own: number
    readonly ownByMass: number
  }
}

/** The race of a step; null for a step to clean data, where q = p. */
export function raceOf({ numVecClasses, timestep, previousTimestep }: Problem): Race | null {
  if (previousTimestep === -1) return null
  const schedule = createSchedule(readConfig({ num_vec_classes: numVecClasses }))
  const c = posteriorCoefficients(schedule, timestep, previousTimestep)
  const { exp } = Math
  // Relative to one class: b̄_u / ā_u, q̄_t(j | other) / q̄_t(j | same), q(j | same) / q(j | other).
  const replace = exp(c.logReplace - c.logKeep)
  const other = exp(c.cumulativeOther - c.cumulativeSame)
  const same = exp(c.stepSame - c.stepOther)
  // Σ over the others is S − p_j. Its cancellation does no harm: q_own then consists of p_j's share.
  const shiftByMass = -replace * (1 - other)
  return {
    masked: { shift: exp(c.maskedAny - c.maskedClass), own: exp(c.maskedMask - c.maskedClass) },
    ordinary: { shift: replace, shiftByMass, own: same * replace, ownByMass: same * (other + shiftByMass) },
  }
}

/** Uniforms as a race takes them. */
export interface RaceNoise {
  /** Of the K classes, [B, K, N] or [B, N, K]. */
  readonly classes: Float32Array<ArrayBuffer>
  /** Of the mask's row, [B, N]; 1/2 for a step to clean data. */
  readonly mask: Float32Array<ArrayBuffer>
}

/**
 * The problem's uniforms, as somebody would generate them for these libraries: the mask's row apart, in the layout of
 * the computation, 0 and 1 avoided, which is what the reference's 1e-30 are for. Peers get them resident, so that their
 * time leaves out the making of random numbers.
 */
export function raceNoise(problem: Problem, layout: Layout): RaceNoise {
  const { batchSize, numVecClasses, numLatentPixels, previousTimestep, noise } = problem
  const K = numVecClasses - 1
  const rows = previousTimestep === -1 ? K : numVecClasses
  const tokens = batchSize * numLatentPixels
  const classes = new Float32Array(tokens * K)
  const mask = new Float32Array(tokens).fill(0.5)
  for (let token = 0; token < tokens; token++) {
    const at = (k: number) => inside(noise[elementIndex(problem.layout, rows, numLatentPixels, token, k)]!)
    for (let k = 0; k < K; k++) classes[elementIndex(layout, K, numLatentPixels, token, k)] = at(k)
    if (rows > K) mask[token] = at(K)
  }
  return { classes, mask }
}

function inside(uniform: number): number {
  return Math.min(Math.max(uniform, 1e-30), 1 - 2 ** -24)
}
