import { withErrorScopes } from '../gpu'
import type { FixtureCase } from './fixtures'
import type { KernelBench } from './kernel_bench'
import { kernelOps } from './kernels'
import { operatorOps } from './operators'
import { tableOps } from './tables'

const gpuOps = { ...kernelOps, ...operatorOps }

/** Whether an op has an implementation to test. */
export function isSupported(op: string): boolean {
  return Object.hasOwn(tableOps, op) || Object.hasOwn(gpuOps, op)
}

/** Runs one case inside error scopes; rejects if it fails, also by a stray WebGPU error. */
export async function runCase(fixture: FixtureCase, bench: KernelBench): Promise<void> {
  const { device, fixtures } = bench
  await withErrorScopes(device, async () => {
    if (Object.hasOwn(tableOps, fixture.op)) tableOps[fixture.op]!(fixture, fixtures)
    else await gpuOps[fixture.op]!(fixture, bench)
  })
}
