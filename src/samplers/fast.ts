import type { TimestepPair } from '../process/process'
import { routeTable, transition } from '../process/routes'
import { posterior } from './posterior'
import type { Sampler } from './sampler'

/**
 * The fast sampling of the paper authors' code (docs/MATH.md#fast-sampling): the network is asked at the timesteps of the
 * list, but each step draws from the posterior of a single timestep. It draws their tokens; the exact posterior of the jump
 * is that of 'posterior'.
 */
export const fast: Sampler = {
  ...posterior,
  start: 'mask',
  steps(timesteps) {
    const jump = timesteps[0]! - (timesteps[1] ?? -1)
    return timesteps.map((t, i): TimestepPair => {
      const next = timesteps[i + 1]
      if (next === undefined) return { t, u: -1 }
      return t < jump ? { t, u: t - 1 } : { t: next + 1, u: next }
    })
  },
  expectation(schedule, timesteps, fromMasks) {
    // Each token by itself, given its x₀: it is the mask, or x₀, or another class.
    const { numCodes: K } = schedule
    const noised = transition(schedule, timesteps[0]!, -1)
    let masked = fromMasks ? 1 : noised.mask
    let same = fromMasks ? 0 : noised.keep + noised.replace / K
    const shares = { masked: [masked], changed: [] as number[] }
    for (const { t, u } of fast.steps(timesteps)) {
      const { masked: fromMask, differs, agrees } = routeTable(schedule, t, u)
      const other = 1 - masked - same
      const replaced = (1 - 1 / K) * (other * differs.uniform + same * agrees.uniform)
      shares.changed.push(masked * (1 - fromMask.mask) + other * differs.x0 + replaced)
      same =
        masked * (fromMask.x0 + fromMask.uniform / K) +
        other * (differs.x0 + differs.uniform / K) +
        same * (agrees.x0 + agrees.keep + agrees.uniform / K)
      masked *= fromMask.mask
      shares.masked.push(masked)
    }
    return shares
  },
}
