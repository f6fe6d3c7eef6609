import type { RouteTable, Schedule } from './schedule'

/**
 * A route table as cumulative probabilities in units of 2⁻³¹: integers, so that a route draw decides alike everywhere,
 * and so that probability 1 is representable. Intervals are laid out in the order keep, uniform, take x₀ (or, before
 * x₀ is known, unsettled).
 */
export interface RouteThresholds {
  readonly maskPossible: boolean
  /** x_t is the mask: below [0] stays masked, below [1] a uniform class, else x₀. */
  readonly masked: Thresholds
  /** x_t is ordinary: below [0] keeps x_t and below [1] takes a uniform class whatever x₀ is, else x₀ is needed. */
  readonly settled: Thresholds
  /** What the draw means beyond `settled`, if x₀ differs from x_t or agrees with it. */
  readonly differs: Thresholds
  readonly agrees: Thresholds
}
export type Thresholds = readonly [number, number]

const scale = 2 ** 31

/** Integer threshold of a probability. */
export function threshold(probability: number): number {
  return Math.round(Math.min(1, Math.max(0, probability)) * scale)
}

export function routeThresholds({ masked, differs, agrees, maskPossible }: RouteTable): RouteThresholds {
  // Where x₀ agrees with x_t, taking it is keeping x_t.
  const agreesKeep = agrees.x0 + agrees.keep
  const keep = Math.min(differs.keep, agreesKeep)
  const uniform = Math.min(differs.uniform, agrees.uniform)
  const settled = keep + uniform
  const beyond = (rowKeep: number, rowUniform: number): Thresholds => {
    const kept = settled + (rowKeep - keep)
    return [threshold(kept), threshold(kept + (rowUniform - uniform))]
  }
  return {
    maskPossible,
    masked: [threshold(masked.mask), threshold(masked.mask + masked.uniform)],
    settled: [threshold(keep), threshold(settled)],
    differs: beyond(differs.keep, differs.uniform),
    agrees: beyond(agreesKeep, agrees.uniform),
  }
}

/** Whether no token's outcome is settled before its logits are read, as in the last step (u = −1). */
export function nothingSettled({ masked, settled }: RouteThresholds): boolean {
  return masked[1] === 0 && settled[1] === 0
}

/** The forward process at t, −1 for none: below [0] a token is kept, below [1] masked, else a uniform class. */
export function forwardThresholds({ keep, mask }: Schedule, t: number): Thresholds {
  if (t === -1) return [threshold(1), threshold(1)]
  return [threshold(keep[t]!), threshold(keep[t]! + mask[t]!)]
}
