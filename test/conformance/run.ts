import { withErrorScopes } from '../support/error_scopes'
import { checkEdge } from './edges'
import type { EngineCase } from './engine'
import type { FixtureCase, Fixtures } from './fixtures'
import { GpuEngine } from './gpu_engine'
import { lawOps } from './laws'
import { operatorOps } from './operators'
import { checkPipeline } from './pipeline'
import { stepOps } from './steps'
import { tableOps } from './tables'
import { twinOps } from './twin'
import { TwinEngine } from './twin_engine'

/** Cases that either engine can run. */
export const engineOps: Record<string, EngineCase> = { ...stepOps, ...lawOps, ...operatorOps, pipeline: checkPipeline }

/** The engines that the cases of a fixture directory run on. */
export interface Engines {
  readonly gpu: GpuEngine
  readonly twin: TwinEngine
}

export function createEngines(device: GPUDevice, fixtures: Fixtures): Engines {
  return { gpu: new GpuEngine(device, fixtures), twin: new TwinEngine(fixtures) }
}

const runners: Record<string, (fixture: FixtureCase, engines: Engines) => Promise<void>> = {
  ...mapValues(
    tableOps,
    (run) =>
      (fixture, { twin }) =>
        run(fixture, twin),
  ),
  ...mapValues(
    twinOps,
    (run) =>
      (fixture, { twin }) =>
        run(fixture, twin),
  ),
  ...mapValues(
    engineOps,
    (run) =>
      (fixture, { gpu }) =>
        run(fixture, gpu),
  ),
  ...mapValues(
    lawOps,
    (run) =>
      (fixture, { gpu, twin }) =>
        run(fixture, gpu, twin),
  ),
  edge: (fixture, { gpu }) => checkEdge(fixture, gpu),
}

function mapValues<T, U>(record: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

/** Whether the cases of an operation can be run. */
export function isSupported(op: string): boolean {
  return Object.hasOwn(runners, op)
}

/** Runs one case inside error scopes; rejects if it fails, or if it causes a WebGPU error. */
export function runCase(fixture: FixtureCase, engines: Engines): Promise<void> {
  return withErrorScopes(engines.gpu.device, () => runners[fixture.op]!(fixture, engines))
}
