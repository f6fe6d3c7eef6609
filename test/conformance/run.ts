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

/** Cases that run on the CPU twin alone. */
export const twinOnlyOps = { ...tableOps, ...twinOps }

/** The engines that the cases of a fixture directory run on. */
export interface Engines {
  readonly gpu: GpuEngine
  readonly twin: TwinEngine
}

export function createEngines(device: GPUDevice, fixtures: Fixtures): Engines {
  return { gpu: new GpuEngine(device, fixtures), twin: new TwinEngine(fixtures) }
}

/** Whether the cases of an operation can be run. */
export function isSupported(op: string): boolean {
  return op === 'edge' || [twinOnlyOps, lawOps, engineOps].some((ops) => Object.hasOwn(ops, op))
}

/** Runs one case inside error scopes; rejects if it fails, or if it causes a WebGPU error. */
export function runCase(fixture: FixtureCase, { gpu, twin }: Engines): Promise<void> {
  const { op } = fixture
  return withErrorScopes(gpu.device, async () => {
    if (op === 'edge') await checkEdge(fixture, gpu)
    else if (op in twinOnlyOps) await twinOnlyOps[op]!(fixture, twin)
    else if (op in lawOps) await lawOps[op]!(fixture, gpu, twin)
    else await engineOps[op]!(fixture, gpu)
  })
}
