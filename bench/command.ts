import { writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { parseArgs } from 'node:util'
import { baseCase, casesWith, caseText, type PeerName, peerNames, type Selection } from './cases/plan'
import { reportOf } from './report/ratios'
import type { Measured } from './report/results'
import { printReport } from './report/table'

const help = `Measures a reverse step of VQ-Diffusion: this library beside other ways to do the same.

Every result is checked before its time is reported; what is compared takes turns. Times are microseconds a step:
of the GPU by timestamps where it has them (several steps in one submit), else by the wall clock.

By default a GPU measures all variants of seven sizes; a software adapter all variants at 1x4097x1024 and the
simplest at six other sizes, slow peers where they are bearable, in a quarter of an hour on two cores; then, in a
browser, whole pictures of the demo's model.
  --quick         two sizes and no pictures, in two minutes
  --only LIST     cases with all of these words in their name, as 1x4097x1024,f32,truncated. The full name of one is
                  '${caseText(baseCase)}': items x classes with the mask x latent pixels, layout and dtype of
                  the logits, and plain, guided, or guided + truncated
  --peers LIST    ${peerNames.join(', ')}, or none
  --json FILE     write machine, results and ratios

npm run bench        in a headless Chromium (CHROMIUM_PATH chooses which), on SwiftShader
npm run bench:node   in Node on Dawn, Chromium's WebGPU: on the machine's own Vulkan driver, else on SwiftShader
  --bundle DIR       measure nothing; write a folder that runs with Node and a Vulkan loader alone, on a GPU server:
                     node DIR/bench.mjs --json FILE
`

const flags = {
  help: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  peers: { type: 'string', default: peerNames.join() },
  json: { type: 'string' },
} as const

/** The command around the measurement: options in, tables and JSON out. Returns the exit code. */
export async function command(
  args: readonly string[],
  measure: (selection: Selection) => Promise<Measured>,
): Promise<number> {
  try {
    const { help: asksForHelp, json, ...selection } = parseOptions(args)
    if (asksForHelp) {
      console.log(help)
      return 0
    }
    const { machine, ...measured } = await measure(selection)
    const host = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, system: `${type()} ${release()}` }
    const report = reportOf({ ...measured, machine: { ...machine, ...host } })
    if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 1)}\n`)
    console.log(printReport(report))
    return report.results.some(({ why_not }) => why_not?.startsWith('refused')) ? 1 : 0
  } catch (error) {
    // Wrong options, and a machine without WebGPU: the message says what to do.
    const { name, code, message } = error as NodeJS.ErrnoException
    const isExpected = name === 'RangeError' || name.endsWith('UnavailableError') || code?.startsWith('ERR_PARSE_ARGS')
    console.error(isExpected ? message : error)
    return 1
  }
}

/** Reads the command line. Throws RangeError, or what parseArgs throws. */
export function parseOptions(args: readonly string[]): Selection & { help: boolean; json: string | undefined } {
  const { help, quick, only, peers, json } = parseArgs({ args: [...args], options: flags }).values
  const names = peers.split(',').filter((name) => name !== 'none')
  const wrong = names.find((name) => !peerNames.includes(name as PeerName))
  if (wrong !== undefined) throw new RangeError(`--peers takes ${peerNames.join(', ')}, or none; given '${wrong}'.`)
  return {
    help,
    quick,
    cases: only === undefined ? undefined : casesWith(only.split(',')),
    peers: names as PeerName[],
    json,
  }
}
