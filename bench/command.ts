import { readFile, writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { help, type Options, parseOptions } from './options'
import { mergeReports, reportOf } from './ratios'
import { printReport } from './report'
import type { Measured, Report } from './results'

/** The command around the measuring: options in, tables and JSON out. Gives the exit code. */
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
    const report = options.from.length === 0 ? await measured(options, measure) : await readReports(options.from)
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 1)}\n`)
    console.log(printReport(report, options.markdown ? 'markdown' : 'text'))
    return report.results.some(({ why_not }) => why_not?.startsWith('refused')) ? 1 : 0
  } catch (error) {
    console.error(isForPeople(error) ? error.message : error)
    return 1
  }
}

async function measured(options: Options, measure: (options: Options) => Promise<Measured>): Promise<Report> {
  const { machine, results, figures } = await measure(options)
  const [cpu] = cpus()
  const system = `${type()} ${release()}`
  return reportOf({
    machine: { ...machine, ...(cpu && { cpu: cpu.model.trim() }), cores: cpus().length, system },
    results,
    figures,
  })
}

/** The results of several runs on one machine as one report. */
async function readReports(files: readonly string[]): Promise<Report> {
  return mergeReports(await Promise.all(files.map(readReport)))
}

async function readReport(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new RangeError(`There is no file ${file}: --from takes what --json wrote.`)
  })
  return JSON.parse(text) as Report
}

/** Options that are off, and a machine without WebGPU: their messages say what to do, and a stack says nothing. */
function isForPeople(error: unknown): error is Error {
  return error instanceof Error && (error instanceof RangeError || error.name.endsWith('UnavailableError'))
}
