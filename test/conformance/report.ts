import { requestDevice } from 'vq-diffusion-webgpu'
import type { FixtureCase, Fixtures } from './fixtures'
import { createEngines, isSupported, runCase } from './run'

export interface Totals {
  passed: number
  failed: number
  skipped: number
}

/** Runs every case of a fixture directory on the runtime's WebGPU; prints a line per op, and per failure. */
export async function report(fixtures: Fixtures): Promise<Totals> {
  const engines = createEngines(await requestDevice(), fixtures)
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 }
  for (const [op, cases] of byOp(fixtures.cases)) {
    if (!isSupported(op)) {
      totals.skipped += cases.length
      console.log(`${op}: ${cases.length} skipped (not implemented)`)
      continue
    }
    let failed = 0
    for (const fixture of cases) {
      try {
        await runCase(fixture, engines)
      } catch (error) {
        failed++
        console.log(`  ${fixture.name} FAILED: ${(error as Error).message}`)
      }
    }
    totals.passed += cases.length - failed
    totals.failed += failed
    console.log(`${op}: ${cases.length - failed} passed, ${failed} failed`)
  }
  return totals
}

function byOp(cases: readonly FixtureCase[]): Map<string, FixtureCase[]> {
  const groups = new Map<string, FixtureCase[]>()
  for (const fixture of cases) groups.set(fixture.op, [...(groups.get(fixture.op) ?? []), fixture])
  return groups
}
