import { requireOneOf } from '../checks'
import { fast } from './fast'
import { posterior } from './posterior'
import { purity } from './purity/purity'
import type { Sampler } from './sampler'

export type { Sampler } from './sampler'

/** The samplers by their names in `sample({ method })`. */
export const samplers = { posterior, purity, fast }
/**
 * Names of the ways to draw a chain: 'posterior' samples the chain of the model, 'purity' reveals the most certain
 * tokens first, 'fast' is the fast sampling of the paper authors' code.
 */
export type SamplingMethod = keyof typeof samplers

/** The sampler of a method, 'posterior' by default. Throws OptionError. */
export function samplerOf(method: SamplingMethod = 'posterior'): Sampler {
  requireOneOf('method', method, Object.keys(samplers))
  return samplers[method]
}
