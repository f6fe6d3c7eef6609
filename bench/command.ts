import { writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { parseArgs } from 'node:util'
import { allSizes, dtypes, layouts, modes, type PeerName, peerNames, type Selection, type Size } from './cases/plan'
import { reportOf } from './report/ratios'
import type { Measured } from './report/results'
import { printReport } from './report/table'

/** Variants by words without spaces. */
const variants = Object.fromEntries(
  [...layouts, ...dtypes, ...modes].map((name) => [name.replace('guided + ', ''), name]),
)

const help = `Measures a reverse step of VQ-Diffusion: this library beside other ways to do the same.

Every result is checked before its time is reported; what is compared takes turns. Times are microseconds a step:
of the GPU by timestamps where it has them (several steps in one submit), else by the wall clock.

By default a GPU measures all variants of seven sizes; a software adapter all variants at 1x4097x1024 and the
simplest at six other sizes, slow peers where they are bearable, in a quarter of an hour on two cores. Then, in a
browser, whole pictures of the demo's model are drawn.
  --quick         two sizes and no pictures, in two minutes
  --sizes LIST    BxCxN (items, classes with the mask, latent pixels), separated by commas, or 'all'
  --only LIST     variants: ${Object.keys(variants).join(', ')} (guided too)
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
  sizes: { type: 'string' },
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
    const isExpected =
      error instanceof RangeError || (error instanceof Error && error.name.endsWith('UnavailableError'))
    console.error(isExpected ? error.message : error)
    return 1
  }
}

/** Reads the command line. Throws RangeError. */
export function parseOptions(args: readonly string[]): Selection & { help: boolean; json: string | undefined } {
  const { help, quick, json, sizes, only, peers } = parse(args)
  return {
    help,
    quick,
    json,
    sizes: sizes?.split(',').flatMap(parseSizes),
    only: chosen('only', only, Object.keys(variants)).map((word) => variants[word]!),
    peers: chosen('peers', peers, [...peerNames, 'none']).filter((name): name is PeerName => name !== 'none'),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags }).values
  } catch (error) {
    throw new RangeError(`${(error as Error).message} See --help.`)
  }
}

function chosen(name: string, list: string | undefined, allowed: readonly string[]): string[] {
  const items = list?.split(',') ?? []
  const wrong = items.find((item) => !allowed.includes(item))
  if (wrong !== undefined) throw new RangeError(`--${name} takes ${allowed.join(', ')}; given '${wrong}'.`)
  return items
}

function parseSizes(text: string): readonly Size[] {
  if (text === 'all') return allSizes
  const numbers = text.split('x').map(Number)
  const [B = 0, C = 0, N = 0] = numbers
  if (numbers.length === 3 && numbers.every(Number.isSafeInteger) && B >= 1 && C >= 3 && N >= 1) return [{ B, C, N }]
  throw new RangeError(`A size is BxCxN, as 1x4097x1024, with C at least 3, or 'all'; given '${text}'.`)
}
