import { signal } from '@preact/signals-core'
import type { PageSettings } from '../picture/settings'
import type { NetworkProvider } from '../worker/protocol'
import { process } from './model'

/** Milliseconds a row of the network, before any was measured: of a machine with two cores, and of a small GPU. */
const ROUGH = { wasm: 500, webgpu: 20 } as const
/** Weight of the last step, which evens out the steps that something else slows down. */
const LAST_WEIGHT = 0.3

/** What the rows of a step depend on. */
type Rows = Pick<PageSettings, 'count' | 'guidance' | 'guidedFrom' | 'guidedTo'>

/** Measured milliseconds a row of the network; undefined before the first step on an engine. */
export const measuredPace = signal<number | undefined>(undefined)

/** Rows of the network in the step from a timestep: where it is guided, two a picture. */
export function rowsOf({ count, guidance, guidedFrom, guidedTo }: Rows, timestep: number): number {
  const isGuided = guidance !== 1 && timestep >= guidedFrom && timestep <= guidedTo
  return isGuided ? 2 * count : count
}

/** Measures the step from a timestep. */
export function measureStep(settings: Rows, timestep: number, milliseconds: number): void {
  const pace = milliseconds / rowsOf(settings, timestep)
  const before = measuredPace.peek() ?? pace
  measuredPace.value = before + LAST_WEIGHT * (pace - before)
}

/** Milliseconds that each step from these timesteps will take. Reads signals. */
export function expectedSteps(
  settings: Rows,
  timesteps: readonly number[],
  network: NetworkProvider | undefined,
): number[] {
  const pace = measuredPace.value ?? ROUGH[network ?? 'wasm']
  return timesteps.map((timestep) => pace * rowsOf(settings, timestep))
}

/** Milliseconds that a drawing from noise, or from a picture at a strength, will take. Reads signals. */
export function expectedDuration(
  settings: Rows & Pick<PageSettings, 'steps' | 'spacing'>,
  network: NetworkProvider | undefined,
  strength = 1,
): number {
  const { value: schedule } = process
  schedule.setTimesteps(settings.steps, settings.spacing === 'exact' ? 'strided' : settings.spacing)
  const visited = schedule.timesteps.filter(
    (timestep) => (timestep + 1) / schedule.config.num_train_timesteps <= strength,
  )
  return expectedSteps(settings, visited, network).reduce((sum, step) => sum + step, 0)
}
