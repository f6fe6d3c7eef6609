import { signal } from '@preact/signals-core'
import type { PageSettings } from '../picture/settings'
import type { NetworkProvider } from '../worker/protocol'

/** Milliseconds a row of the network, before any was measured: of a machine with two cores, and of a small GPU. */
const ROUGH = { wasm: 500, webgpu: 20 } as const
/** Weight of the last step, which evens out the steps that something else slows down. */
const LAST_WEIGHT = 0.3

/** Measured milliseconds a row of the network; undefined before the first step on an engine. */
export const measuredPace = signal<number | undefined>(undefined)

/** Rows of the network in a step: with guidance, two a picture. */
export function rowsOf({ count, guidance }: Pick<PageSettings, 'count' | 'guidance'>): number {
  return guidance === 1 ? count : 2 * count
}

/** Measures a step. */
export function measureStep(settings: Pick<PageSettings, 'count' | 'guidance'>, milliseconds: number): void {
  const pace = milliseconds / rowsOf(settings)
  const before = measuredPace.peek() ?? pace
  measuredPace.value = before + LAST_WEIGHT * (pace - before)
}

/** Milliseconds that a step will take. Reads signals. */
export function expectedStep(
  settings: Pick<PageSettings, 'count' | 'guidance'>,
  network: NetworkProvider | undefined,
): number {
  return rowsOf(settings) * (measuredPace.value ?? ROUGH[network ?? 'wasm'])
}
