import { startOf, type Timetable, timestepsOf } from './plan'
import type { Expectation, SamplerSettings } from './protocol'

/** What a schedule is known by: logs of the cumulative probabilities, [T + 1], and the number of ordinary classes. */
export interface Schedule extends Timetable {
  readonly logCumprodAt: Float32Array
  readonly logCumprodCt: Float32Array
  readonly numCodes: number
}

/**
 * What the schedule expects of a token on its way, if the network knew x₀.
 *
 * A sampled chain has the law of the forward process x₀ → x_u → x_t, read backwards. From clean data to t a token is kept
 * with ᾱ, masked with c̄, else replaced by any of K classes; an ordinary token from u to t is kept with A = ᾱ_t/ᾱ_u, masked
 * with G = (c̄_t − c̄_u)/(1 − c̄_u), replaced with B = 1 − A − G; the mask stays. So x_u differs from x_t with probability
 * (1 − c̄_u)·(G + B·(K−1)/K).
 *
 * A chain that starts from nothing but masks, at t₀, has that law under the condition that x_t₀ is the mask: an ordinary
 * token at t is one with probability G(t → t₀).
 *
 * @param strength of the picture that the drawing starts from; left out, it starts from noise
 */
export function expectation(schedule: Schedule, settings: SamplerSettings, strength?: number): Expectation {
  const timesteps = timestepsOf(schedule, settings, strength)
  const first = timesteps[0]
  if (first === undefined) return { timesteps, masked: [0], changed: [] }
  const T = schedule.config.num_train_timesteps
  // −1 is clean data, which the tables keep at the end.
  const at = (table: Float32Array, t: number) => Math.exp(table[t === -1 ? T : t]!)
  const keep = (t: number) => at(schedule.logCumprodAt, t)
  const mask = (t: number) => at(schedule.logCumprodCt, t)
  /** An ordinary token from u to t. */
  const kernel = (u: number, t: number) => {
    const kept = keep(t) / keep(u)
    const masked = (mask(t) - mask(u)) / (1 - mask(u))
    return { masked, replaced: Math.max(0, 1 - kept - masked) }
  }
  /** That a replacement is another class. */
  const other = 1 - 1 / schedule.numCodes
  const fromMasks = strength === undefined && startOf(settings) === 'mask'

  if (settings.method === 'purity') {
    // As many are revealed as the schedule has unmasked; what a picture's noise has replaced is revised in the last step.
    const masked = [fromMasks ? 1 : mask(first), ...timesteps.slice(1).map(mask), 0]
    const changed = timesteps.map((_, i) => masked[i]! - masked[i + 1]!)
    if (!fromMasks) changed[changed.length - 1]! += kernel(-1, first).replaced * other
    return { timesteps, masked, changed }
  }

  const changedBy = (t: number, u: number) => {
    const { masked, replaced } = kernel(u, t)
    if (!fromMasks) return (1 - mask(u)) * (masked + replaced * other)
    return ((1 - mask(u)) * (masked + replaced * other * kernel(t, first).masked)) / mask(first)
  }
  return {
    timesteps,
    masked: [...timesteps, -1].map((t) => mask(t) / (fromMasks ? mask(first) : 1)),
    changed: timesteps.map((t, i) => changedBy(t, timesteps[i + 1] ?? -1)),
  }
}
