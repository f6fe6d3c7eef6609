import type { PreparedPeer } from '../peers/peer'
import type { ChainStep } from './chains'
import { type CaseData, stepOptions } from './data'

/**
 * Our own reference-identical step: every column read, the posterior of every class, the noise given. Truncation comes
 * first as a pass of its own, to a dense tensor, as in the reference.
 */
export async function denseStep(
  data: CaseData,
  { timestep, previousTimestep, sample }: ChainStep,
): Promise<PreparedPeer> {
  const { scheduler, layout, conditional } = data
  const { truncationRate, ...options } = stepOptions(data, data.unconditional)
  const out = data.own(scheduler.emptyTokens(sample.shape))
  const dense = { previousTimestep, noise: await data.noise(), out }
  return {
    step: () => {
      if (truncationRate === undefined) {
        scheduler.step(conditional, timestep, sample, { ...options, ...dense })
        return
      }
      const logPX0 = scheduler.logPX0(conditional, { ...options, truncationRate, normalise: false })
      scheduler.step(logPX0, timestep, sample, { layout, ...dense })
      logPX0.destroy()
    },
    finished: () => scheduler.finished(),
    tokens: async () => (await out.read()) as Uint32Array,
  }
}
