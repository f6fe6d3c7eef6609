import type { Settings } from '../picture/settings'
import { NUM_LATENT_PIXELS, SIDE } from '../worker/protocol'
import type { Doubt } from './batch'

/** Before the first picture the dots print a heart: (x² + y² − 1)³ < x² y³. */
export const restingHeart: Doubt = Float32Array.from({ length: NUM_LATENT_PIXELS }, (_, cell) => {
  const x = ((cell % SIDE) - (SIDE - 1) / 2) / 5.2
  const y = ((SIDE - 1) / 2 + 0.6 - Math.floor(cell / SIDE)) / 5.2
  const inside = Math.cbrt(x * x * y ** 3) - (x * x + y * y - 1)
  return 0.3 + 1.3 / (1 + Math.exp(-9 * inside))
})

/** What draws such a heart: the form starts with it where the address has no prompt, so that the first press does. */
export const restingRequest = { prompt: 'red heart', style: '3d' } satisfies Partial<Settings>
