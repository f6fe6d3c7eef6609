import { posteriorExpectation } from '../process/expectation'
import { jumps } from '../process/timesteps'
import type { Sampler } from './sampler'

/** Samples the chain of the model: each step is drawn from the posterior q(x_u | x_t) of the prediction. */
export const posterior: Sampler = {
  start: 'noise',
  drawsX0: true,
  unsupported: ['tokensPerCall'],
  steps: jumps,
  step(scheduler, { modelOutput, timestep, sample, options }) {
    scheduler.step(modelOutput, timestep, sample, options)
  },
  expectation: posteriorExpectation,
}
