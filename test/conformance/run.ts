import { withErrorScopes } from '../gpu'
import { checkEdge } from './edges'
import type { FixtureCase } from './fixtures'
import type { KernelBench } from './kernel_bench'
import { kernelOps } from './kernels'
import { operatorOps } from './operators'
import { checkPipeline } from './pipeline'
import { tableOps } from './tables'
import { twinOps } from './twin'
import { TwinBench } from './twin_bench'

const gpuOps: Record<string, (fixture: FixtureCase, bench: KernelBench) => Promise<void>> = {
  ...kernelOps,
  ...operatorOps,
  pipeline: checkPipeline,
  edge: checkEdge,
}

/** Whether an op has an implementation to test. */
export function isSupported(op: string): boolean {
  return [tableOps, twinOps, gpuOps].some((ops) => Object.hasOwn(ops, op))
}

/** Runs one case inside error scopes; rejects if it fails, also by a stray WebGPU error. */
export async function runCase(fixture: FixtureCase, bench: KernelBench): Promise<void> {
  const { device, fixtures } = bench
  await withErrorScopes(device, async () => {
    if (Object.hasOwn(tableOps, fixture.op)) tableOps[fixture.op]!(fixture, fixtures)
    else if (Object.hasOwn(twinOps, fixture.op)) await twinOps[fixture.op]!(fixture, new TwinBench(fixtures))
    else await gpuOps[fixture.op]!(fixture, bench)
  })
}
