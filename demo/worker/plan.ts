import type { SamplerSettings } from './protocol'

/** What both schedulers know of timesteps. */
export interface Timetable {
  readonly config: { readonly num_train_timesteps: number }
  readonly timesteps: readonly number[]
  setTimesteps(count: number, options: { spacing: 'strided' | 'leading' }): void
}

/**
 * The timesteps that a drawing visits: those of its settings, without the ones that are noisier than a picture of this
 * strength. None at strength 0.
 */
export function timestepsOf(scheduler: Timetable, { steps, spacing }: SamplerSettings, strength = 1): number[] {
  scheduler.setTimesteps(steps, { spacing: spacing === 'leading' ? 'leading' : 'strided' })
  const noisiest = strength * scheduler.config.num_train_timesteps - 1
  return scheduler.timesteps.filter((t) => t <= noisiest)
}

/** Where a drawing without a picture starts: 'purity' and the list of diffusers count on nothing but masks there. */
export function startOf({ method, spacing }: SamplerSettings): 'noise' | 'mask' {
  return method === 'purity' || spacing === 'leading' ? 'mask' : 'noise'
}
