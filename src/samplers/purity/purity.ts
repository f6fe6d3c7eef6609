import {
  largestFactor,
  requireBoolean,
  requireGuidance,
  requireInteger,
  requireLayout,
  requireNumber,
} from '../../checks'
import type { Names } from '../../option_names'
import type { LayoutOption, PurityOptions, PurityRule } from '../../options'
import type { TimestepPair } from '../../process/process'
import { cumulativeIndex, transition } from '../../process/routes'
import type { Schedule } from '../../process/schedule'
import { jumps } from '../../process/timesteps'
import type { Sampler } from '../sampler'

/** Names of the options of `purityStep` of both engines. */
export const purityNames = {
  generator: true,
  priorWeight: true,
  byPurity: true,
  tokensPerCall: true,
  layout: true,
  guidance: true,
  previousTimestep: true,
  out: true,
  faults: true,
} satisfies Names<PurityOptions<unknown, unknown> & { faults: unknown }>

/** Names of the options of `purityPrior` of both engines. */
export const priorNames = { layout: true, priorWeight: true, byPurity: true } satisfies Names<LayoutOption & PurityRule>

/** The rule of a step. */
export interface RevealRule extends PurityRule {
  /** Tokens that a call reveals at most, except for one that would be left over. */
  readonly tokensPerCall: number
}

/** Stands for no limit: more than the tokens of any item. */
const allTokens = 2 ** 31

/**
 * The rule of the options: equal weights sharpen nothing. Throws OptionError unless the prior weight is a number from 0 to
 * 10⁶ and the others are valid.
 */
export function requirePurityOptions({
  priorWeight = 0,
  byPurity = true,
  tokensPerCall = allTokens,
  layout,
  guidance,
}: Partial<Omit<PurityOptions<unknown, unknown>, 'generator'>>): RevealRule {
  requireLayout(layout)
  requireGuidance(guidance)
  requirePriorWeight(priorWeight)
  requireBoolean('byPurity', byPurity)
  requireTokensPerCall(tokensPerCall)
  return { priorWeight: byPurity ? priorWeight : 0, byPurity, tokensPerCall }
}

/** Throws OptionError unless the limit is an integer of at least 1. */
export function requireTokensPerCall(tokensPerCall: number): void {
  requireInteger('tokensPerCall', tokensPerCall, 1, allTokens)
}

/** Throws OptionError unless the weight is a number from 0 to 10⁶. */
export function requirePriorWeight(priorWeight: number): void {
  requireNumber('priorWeight', priorWeight, 0, largestFactor)
}

/**
 * The number of N tokens that are revealed at u: those that the schedule expects to be unmasked
 * (docs/MATH.md#purity-quota).
 */
export function purityQuota(schedule: Schedule, u: number, numPixels: number): number {
  return Math.round(numPixels * (1 - schedule.mask[cumulativeIndex(schedule, u)]!))
}

/**
 * How many of the wanted tokens a call reveals (docs/MATH.md#high-quality-inference): at most `tokensPerCall`, and one more if
 * that would be left over. select.wgsl does the same.
 */
export function revealedByCall(wanted: number, tokensPerCall: number): number {
  return wanted - tokensPerCall > 1 ? tokensPerCall : wanted
}

/**
 * How often the network is called at each step of a chain, so that every item reveals what the schedule expects.
 *
 * @param revealed tokens of each item that are no masks at the start
 */
export function callsOfSteps(
  schedule: Schedule,
  steps: readonly TimestepPair[],
  revealed: readonly number[],
  numPixels: number,
  tokensPerCall: number,
): number[] {
  const least = Math.min(...revealed)
  return steps.map(({ u }, i) => {
    // The step to clean data draws every token at once.
    if (u === -1) return 1
    const before = i === 0 ? least : Math.max(least, purityQuota(schedule, steps[i - 1]!.u, numPixels))
    const wanted = purityQuota(schedule, u, numPixels) - before
    return Math.max(1, Math.ceil((wanted - 1) / tokensPerCall))
  })
}

/**
 * Reveals the most certain masked tokens first, and revises none before the last step (Improved VQ-Diffusion, Tang et
 * al. 2022).
 */
export const purity: Sampler = {
  start: 'mask',
  drawsX0: false,
  unsupported: ['known', 'truncationRate', 'diagnostics'],
  steps: jumps,
  step(scheduler, { modelOutput, timestep, sample, options, priorWeight, tokensPerCall }) {
    const { generator, layout, guidance, previousTimestep, out, faults } = options
    scheduler.purityStep(modelOutput, timestep, sample, {
      generator,
      priorWeight,
      faults,
      ...(tokensPerCall !== undefined && { tokensPerCall }),
      ...(layout && { layout }),
      ...(guidance && { guidance }),
      ...(previousTimestep !== undefined && { previousTimestep }),
      ...(out && { out }),
    })
  },
  expectation(schedule, timesteps, fromMasks) {
    const first = timesteps[0]!
    const mask = (t: number) => schedule.mask[t]!
    // As many tokens are revealed as the schedule unmasks. What the noise of an image has replaced is revised in the
    // last step.
    const masked = [fromMasks ? 1 : mask(first), ...timesteps.slice(1).map(mask), 0]
    const changed = timesteps.map((_, i) => masked[i]! - masked[i + 1]!)
    if (!fromMasks)
      changed[changed.length - 1]! += transition(schedule, first, -1).replace * (1 - 1 / schedule.numCodes)
    return { masked, changed }
  },
}
