import { withErrorScopes } from '../gpu'
import type { FixtureCase } from './fixtures'
import { type KernelBench, kernelOps } from './kernels'
import { tableOps } from './tables'

/** Whether an op has an implementation to test. */
export function isSupported(op: string): boolean {
  return Object.hasOwn(tableOps, op) || Object.hasOwn(kernelOps, op)
}

/** Runs one case inside error scopes; rejects if it fails, also by a stray WebGPU error. */
export async function runCase(fixture: FixtureCase, bench: KernelBench): Promise<void> {
  const { device, fixtures } = bench
  await withErrorScopes(device, async () => {
    if (Object.hasOwn(tableOps, fixture.op)) tableOps[fixture.op]!(fixture, fixtures)
    else await kernelOps[fixture.op]!(fixture, bench)
  })
}
