import fc from 'fast-check'
import type { VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'

/** Schedules: diffusers' own, one that masks less, one that only replaces, one that only masks. */
const schedules = [
  {},
  { gamma_cum_end: 0.9 },
  { alpha_cum_start: 0.99, alpha_cum_end: 0.01, gamma_cum_start: 0, gamma_cum_end: 0 },
  { alpha_cum_start: 0.99, alpha_cum_end: 0.01, gamma_cum_start: 0.01, gamma_cum_end: 0.99 },
]

/** Configurations with these numbers of codes; every number makes the GPU compile kernels of its own. */
export function configurations(numCodes: readonly number[]): fc.Arbitrary<VQDiffusionSchedulerOptions> {
  return fc
    .record({
      K: fc.constantFrom(...numCodes),
      T: fc.integer({ min: 2, max: 20 }),
      schedule: fc.constantFrom(...schedules),
    })
    .map(({ K, T, schedule }) => ({ num_vec_classes: K + 1, num_train_timesteps: T, ...schedule }))
}
