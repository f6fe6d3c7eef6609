import { writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { help, type Options, parseOptions } from './options'
import { reportOf } from './report/ratios'
import type { Measured } from './report/results'
import { printReport } from './report/table'

/** The command around the measurement: options in, tables and JSON out. Returns the exit code. */
export async function command(
  args: readonly string[],
  measure: (options: Options) => Promise<Measured>,
): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options.help) {
      console.log(help)
      return 0
    }
    const { machine, ...measured } = await measure(options)
    const host = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, system: `${type()} ${release()}` }
    const report = reportOf({ ...measured, machine: { ...machine, ...host } })
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 1)}\n`)
    console.log(printReport(report))
    return report.results.some(({ why_not }) => why_not?.startsWith('refused')) ? 1 : 0
  } catch (error) {
    // Wrong options, and a machine without WebGPU: the message says what to do.
    const isExpected =
      error instanceof RangeError || (error instanceof Error && error.name.endsWith('UnavailableError'))
    console.error(isExpected ? error.message : error)
    return 1
  }
}
