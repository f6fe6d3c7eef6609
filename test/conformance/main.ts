import { requestDevice } from 'vq-diffusion-webgpu'
import { type FixtureCase, Fixtures } from './fixtures'
import { KernelBench } from './kernel_bench'
import { isSupported, runCase } from './run'

interface Totals {
  passed: number
  failed: number
  skipped: number
}

declare global {
  interface Window {
    conformance: Promise<Totals & { lines: string[] }>
  }
}

window.conformance = conformance()

/** Every case of the served fixture directory, a line per op. */
async function conformance(): Promise<Totals & { lines: string[] }> {
  const fixtures = await Fixtures.fetch('/fixtures/')
  const bench = new KernelBench(await requestDevice(), fixtures)
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 }
  const lines: string[] = []
  const print = (line: string) => {
    lines.push(line)
    console.log(line)
  }
  for (const [op, cases] of byOp(fixtures.cases)) {
    if (!isSupported(op)) {
      totals.skipped += cases.length
      print(`${op}: ${cases.length} skipped (not implemented)`)
      continue
    }
    let failed = 0
    for (const fixture of cases) {
      try {
        await runCase(fixture, bench)
      } catch (error) {
        failed++
        print(`  ${fixture.name} FAILED: ${(error as Error).message}`)
      }
    }
    totals.passed += cases.length - failed
    totals.failed += failed
    print(`${op}: ${cases.length - failed} passed, ${failed} failed`)
  }
  return { ...totals, lines }
}

function byOp(cases: readonly FixtureCase[]): Map<string, FixtureCase[]> {
  const groups = new Map<string, FixtureCase[]>()
  for (const fixture of cases) groups.set(fixture.op, [...(groups.get(fixture.op) ?? []), fixture])
  return groups
}
