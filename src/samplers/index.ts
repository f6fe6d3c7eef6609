import { requireOneOf } from '../values'
import { posterior } from './posterior'
import { purity } from './purity/purity'
import type { Sampler } from './sampler'

export type { Sampler } from './sampler'

/** The samplers by their names in `sample({ method })`. */
export const samplers = { posterior, purity }
export type SamplingMethod = keyof typeof samplers

/** The sampler of a method, 'posterior' by default. Throws OptionError. */
export function samplerOf(method: SamplingMethod = 'posterior'): Sampler {
  requireOneOf('method', method, Object.keys(samplers))
  return samplers[method]
}
