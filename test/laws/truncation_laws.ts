import { readConfig } from '../../src/config'
import { routeTable } from '../../src/process/routes'
import { createSchedule } from '../../src/process/schedule'
import { softmax } from './step_laws'

/** Laws of x₀ under truncation. laws/twin.node.test.ts tests them on the twin, laws/gpu.test.ts that the GPU draws its tokens. */
export const truncated = {
  probabilities: [0.05, 0.4, 0.2, 0.05, 0.3],
  /** The classes that each rate keeps, most probable first. */
  rates: [
    { truncationRate: 0, kept: [1] },
    { truncationRate: 0.39, kept: [1] },
    { truncationRate: 0.41, kept: [1, 4] },
    { truncationRate: 0.8, kept: [1, 4, 2] },
    // Of the two classes of 0.05 the lower one ranks first and crosses the rate.
    { truncationRate: 0.92, kept: [1, 4, 2, 0] },
    { truncationRate: 0.96, kept: [1, 4, 2, 0, 3] },
    { truncationRate: 1, kept: [0, 1, 2, 3, 4] },
  ],
}

/** The law of x₀ if only some classes are kept. */
export function truncatedLaw(kept: readonly number[]): number[] {
  const { probabilities } = truncated
  const mass = kept.reduce((sum, k) => sum + probabilities[k]!, 0)
  return probabilities.map((p, k) => (kept.includes(k) ? p / mass : 0))
}

const conditional = [0.2, 1.1, -0.3, 0.9, -1]
const unconditional = [0.1, 0.2, 0.3, -0.4, 0]
const [t, u, scale, truncationRate] = [80, 30, 3, 0.9]
const guided = softmax(conditional.map((c, k) => unconditional[k]! + scale * (c - unconditional[k]!)))
const kept = [1, 3]
const config = { num_vec_classes: guided.length + 1, gamma_cum_end: 0.9 }

/** One step of a strided chain from the mask, guided and truncated. The classes 1 and 3 hold 97 % of the guided mass. */
export const guidedTruncation = { config, conditional, unconditional, t, u, scale, truncationRate, guided, kept }

/** The law of x_u: x₀ of the truncated law, a uniform class, or the mask. */
export function guidedTruncationLaw(): number[] {
  const { masked } = routeTable(createSchedule(readConfig(config)), t, u)
  const mass = kept.reduce((sum, k) => sum + guided[k]!, 0)
  const prior = guided.map((p, k) => (kept.includes(k) ? p / mass : 0))
  return [...prior.map((p) => masked.x0 * p + masked.uniform / guided.length), masked.mask]
}
