import { largestFactor, requireBoolean, requireGuidance, requireLayout, requireNumber } from '../../checks'
import type { Names } from '../../option_names'
import type { LayoutOption, PurityOptions, PurityRule } from '../../options'
import { cumulativeIndex, transition } from '../../process/routes'
import type { Schedule } from '../../process/schedule'
import type { Sampler } from '../sampler'

/** Names of the options of `purityStep` of both engines. */
export const purityNames = {
  generator: true,
  priorWeight: true,
  byPurity: true,
  layout: true,
  guidance: true,
  previousTimestep: true,
  out: true,
  faults: true,
} satisfies Names<PurityOptions<unknown, unknown> & { faults: unknown }>

/** Names of the options of `purityPrior` of both engines. */
export const priorNames = { layout: true, priorWeight: true, byPurity: true } satisfies Names<LayoutOption & PurityRule>

/**
 * The rule of the options: equal weights sharpen nothing. Throws OptionError unless the prior weight is a number from 0 to
 * 10⁶ and the others are valid.
 */
export function requirePurityOptions({
  priorWeight = 0,
  byPurity = true,
  layout,
  guidance,
}: Partial<Omit<PurityOptions<unknown, unknown>, 'generator'>>): PurityRule {
  requireLayout(layout)
  requireGuidance(guidance)
  requirePriorWeight(priorWeight)
  requireBoolean('byPurity', byPurity)
  return { priorWeight: byPurity ? priorWeight : 0, byPurity }
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
 * Reveals the most certain masked tokens first, and revises none before the last step (Improved VQ-Diffusion, Tang et
 * al. 2022).
 */
export const purity: Sampler = {
  start: 'mask',
  drawsX0: false,
  unsupported: ['known', 'truncationRate', 'diagnostics'],
  step(scheduler, { modelOutput, timestep, sample, options, priorWeight }) {
    const { generator, layout, guidance, previousTimestep, out, faults } = options
    scheduler.purityStep(modelOutput, timestep, sample, {
      generator,
      priorWeight,
      faults,
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
