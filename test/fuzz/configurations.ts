import fc from 'fast-check'
import type { VQDiffusionSchedulerOptions } from 'vq-diffusion-webgpu'

/** Schedules: diffusers' own, one that masks less, one that only replaces, one that only masks. */
const schedules = [
  {},
  { gamma_cum_end: 0.9 },
  { alpha_cum_start: 0.99, alpha_cum_end: 0.01, gamma_cum_start: 0, gamma_cum_end: 0 },
  { alpha_cum_start: 0.99, alpha_cum_end: 0.01, gamma_cum_start: 0.01, gamma_cum_end: 0.99 },
]

/** The classes of each latent pixel, [first, last]: up to 40 pixels of up to four kinds. */
function classRanges(K: number) {
  const code = fc.integer({ min: 0, max: K - 1 })
  const range = fc.tuple(code, code).map((pair) => pair.sort((a, b) => a - b) as [number, number])
  return fc
    .record({ numPixels: fc.integer({ min: 1, max: 40 }), kinds: fc.array(range, { minLength: 1, maxLength: 4 }) })
    .map(({ numPixels, kinds }) => Array.from({ length: numPixels }, (_, n) => kinds[n % kinds.length]!))
}

/** Configurations with these numbers of codes; every number makes the GPU compile kernels of its own. */
export function configurations(numCodes: readonly number[]): fc.Arbitrary<VQDiffusionSchedulerOptions> {
  return fc.constantFrom(...numCodes).chain((K) =>
    fc
      .record({
        T: fc.integer({ min: 2, max: 20 }),
        schedule: fc.constantFrom(...schedules),
        ranges: fc.option(classRanges(K), { nil: undefined, freq: 2 }),
      })
      .map(({ T, schedule, ranges }) => ({
        num_vec_classes: K + 1,
        num_train_timesteps: T,
        ...schedule,
        ...(ranges && { class_range: ranges }),
      })),
  )
}
