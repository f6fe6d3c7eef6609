import type { RouteTable, TimestepPair } from 'vq-diffusion-webgpu'
import type { Snapshot } from '../trajectory/trajectory'
import type { Tokens } from '../worker/protocol'

/** The outcomes of the posterior for one token, in the order of docs/concepts.md. */
export const ROUTES = ['x0', 'keep', 'uniform', 'mask'] as const
export type Route = (typeof ROUTES)[number]

/** What one step did to one token. */
export interface CellStep {
  /** x_t, the x₀ that was drawn from the network's prediction, and x_u, after the step. */
  readonly before: number
  readonly x0: number
  readonly after: number
  /** Of the network's prediction, in nats. */
  readonly entropy: number
  /** Given x_t and x₀; they add up to 1. */
  readonly probabilities: Readonly<Record<Route, number>>
  /** The most probable of the routes that lead from x_t to x_u. */
  readonly taken: Route
}

/** A snapshot whose step recorded x₀ and entropy. */
export interface RecordedSnapshot extends Snapshot {
  readonly predOriginalSample: Tokens
  readonly entropy: Float32Array
}

export function isRecorded(snapshot: Snapshot | undefined): snapshot is RecordedSnapshot {
  return snapshot?.predOriginalSample !== undefined && snapshot.entropy !== undefined
}

/**
 * The step between two snapshots in one cell.
 *
 * @param routeTable of a step: `Process.routeTable`
 */
export function cellStep(
  before: Snapshot,
  after: RecordedSnapshot,
  cell: number,
  routeTable: (step: TimestepPair) => RouteTable,
): CellStep {
  const { numCodes } = before.grid
  const { masked, differs, agrees } = routeTable({ t: before.timestep, u: after.timestep })
  const [token, x0, next] = [before.tokens[cell]!, after.predOriginalSample[cell]!, after.tokens[cell]!]
  const probabilities = token === numCodes ? masked : token === x0 ? agrees : differs
  const leads: Record<Route, boolean> = {
    x0: next === x0,
    keep: next === token && token !== numCodes,
    uniform: next !== numCodes,
    mask: next === numCodes,
  }
  // A random class is any of K, so it is less probable by that factor to be this very one.
  const weight = (route: Route) => probabilities[route] / (route === 'uniform' ? numCodes : 1)
  const possible = ROUTES.filter((route) => leads[route])
  const taken = possible.reduce((best, route) => (weight(route) > weight(best) ? route : best))
  return { before: token, x0, after: next, entropy: after.entropy[cell]!, probabilities, taken }
}

/** “31 %”, “4.2 %”, “below 0.1 %”; 0 and 100 only if the probability is exactly that. */
export function formatProbability(probability: number): string {
  const percent = 100 * probability
  if (percent === 0 || percent === 100) return `${percent} %`
  if (percent < 0.1) return 'below 0.1 %'
  if (percent > 99.9) return 'above 99.9 %'
  return `${percent.toFixed(percent < 10 || percent > 99 ? 1 : 0)} %`
}
