import { parseArgs } from 'node:util'
import {
  baseSize,
  dtypes,
  layouts,
  modes,
  type PeerName,
  parseSizes,
  peerNames,
  type Selection,
  sizeText,
} from './cases/plan'
import type { Patience } from './cases/sampling'

/** What the command line asks for. */
export interface Options extends Selection {
  readonly help: boolean
  readonly patience: Patience
  /** Whether to draw whole pictures, in a browser. */
  readonly pictures: boolean
  /** File that the report is written to. */
  readonly json: string | undefined
}

export const help = `Measures a reverse step of VQ-Diffusion: this library beside other ways to do the same.

Every result is checked before its time is reported; what is compared takes turns. Times are microseconds a step:
of the GPU by timestamps where it has them (several steps in one submit), else by the wall clock.

By default a GPU measures all variants of seven sizes; a software adapter all variants at ${sizeText(baseSize)} and the
simplest at six other sizes, slow peers where they are bearable, in a quarter of an hour on two cores.
  --quick         two sizes, less than a minute and a half
  --sizes LIST    BxCxN (items, classes with the mask, latent pixels), separated by commas, or 'all'
  --only LIST     variants: ${[...layouts, ...dtypes].join(', ')} (of the logits), plain, guided, truncated (guided too)
  --peers LIST    ${peerNames.join(', ')}, or none
  --seconds S     for each row; 0.5, or 0.1 with --quick
  --no-pictures   leave out whole pictures of the demo's model (in a browser, not with --quick)
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
  peers: { type: 'string' },
  seconds: { type: 'string' },
  json: { type: 'string' },
  'no-pictures': { type: 'boolean', default: false },
} as const

/** Variants by words without spaces. */
const variants = Object.fromEntries(
  [...layouts, ...dtypes, ...modes].map((name) => [name.replace('guided + ', ''), name]),
)

/** Reads the command line. Throws RangeError. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parse(args)
  const { help, quick, json, sizes, only, peers = peerNames.join(), seconds = quick ? '0.1' : '0.5' } = values
  if (!(Number(seconds) > 0 && Number(seconds) < Infinity))
    throw new RangeError(`--seconds takes a positive number; given '${seconds}'.`)
  return {
    help,
    quick,
    json,
    sizes: sizes?.split(',').flatMap(parseSizes),
    only: chosen('only', only, Object.keys(variants)).map((word) => variants[word]!),
    peers: chosen('peers', peers, [...peerNames, 'none']).filter((name): name is PeerName => name !== 'none'),
    patience: { secondsPerRow: Number(seconds), fewestSamples: 3, mostSamples: 50 },
    pictures: !values['no-pictures'] && !quick,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags })
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
