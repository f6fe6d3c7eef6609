import { parseArgs } from 'node:util'
import { dtypes, layouts, type modes } from './case'
import { type PeerName, peerNames, type Selection } from './plan'
import type { Patience } from './rounds'
import { baseSize, parseSize, sizeText } from './sizes'

/** What the command line asks for. */
export interface Options {
  readonly help: boolean
  readonly selection: Selection
  readonly patience: Patience
  /** Where the JSON goes. */
  readonly json: string | undefined
  /** Tables of these files' results instead of measuring, if there are any. */
  readonly from: readonly string[]
  readonly markdown: boolean
  /** Whether to draw whole pictures, in a browser. */
  readonly pictures: boolean
  /** Only in Node: a folder for a program that needs nothing else, and the Dawn to use. */
  readonly bundle: string | undefined
  readonly dawn: string | undefined
}

const flags = {
  help: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  sizes: { type: 'string' },
  layouts: { type: 'string' },
  dtypes: { type: 'string' },
  modes: { type: 'string' },
  peers: { type: 'string' },
  seconds: { type: 'string' },
  json: { type: 'string' },
  from: { type: 'string', multiple: true },
  markdown: { type: 'boolean', default: false },
  'no-pictures': { type: 'boolean', default: false },
  bundle: { type: 'string' },
  dawn: { type: 'string' },
} as const

/** Modes have names without spaces on the command line. */
const modeNames: Readonly<Record<string, (typeof modes)[number]>> = {
  plain: 'plain',
  guided: 'guided',
  truncated: 'guided + truncated',
}

/** Reads the command line. Throws RangeError with a sentence for a person. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parse(args)
  const list = <T extends string>(name: 'layouts' | 'dtypes' | 'modes' | 'peers', allowed: readonly T[]) =>
    values[name] === undefined ? undefined : chooseFrom(name, values[name], allowed)
  const sizes = values.sizes?.split(',').flatMap(parseSize)
  const chosen = {
    layouts: list('layouts', layouts),
    dtypes: list('dtypes', dtypes),
    modes: list('modes', Object.keys(modeNames))?.map((name) => modeNames[name]!),
    peers: list<PeerName | 'none'>('peers', [...peerNames, 'none'])?.filter((name) => name !== 'none'),
  }
  if (values.quick && values.all) throw new RangeError('--quick and --all exclude each other.')
  return {
    ...{ help: values.help, json: values.json, from: values.from ?? [], markdown: values.markdown },
    ...{ bundle: values.bundle, dawn: values.dawn, pictures: !values['no-pictures'] && !values.quick },
    selection: {
      extent: values.all ? 'all' : values.quick ? 'quick' : 'default',
      ...(sizes && { sizes }),
      ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)),
    },
    patience: {
      secondsPerRow: positive('seconds', values.seconds ?? (values.quick ? '0.1' : '0.5')),
      ...{ fewestSamples: 3, mostSamples: 50 },
    },
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false })
  } catch (error) {
    throw new RangeError(`${(error as Error).message} See --help.`)
  }
}

function chooseFrom<T extends string>(name: string, text: string, allowed: readonly T[]): T[] {
  return text.split(',').map((item) => {
    const found = allowed.find((candidate) => candidate === item)
    if (found === undefined) throw new RangeError(`--${name} takes ${allowed.join(', ')}; given '${item}'.`)
    return found
  })
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < Infinity)) throw new RangeError(`--${name} takes a positive number; given '${text}'.`)
  return value
}

export const help = `Measures a reverse step of VQ-Diffusion: this library beside other ways to do the same.

Every result is checked before its time is reported; what is compared takes turns. Times are microseconds a step:
of GPU work by GPU timestamps where there are any (several steps in one submit), else by the clock.

What to measure. Without any of these, on a GPU: all variants of seven sizes; on a software adapter: all variants at
${sizeText(baseSize)}, the simplest at six other sizes, slow peers where they are bearable, a quarter of an hour on two cores.
  --quick             two sizes, less than a minute and a half
  --all               all variants of all sizes, wherever this is, or of those given by the lists below
  --sizes LIST        BxCxN (items, classes with the mask, latent pixels), separated by commas, or 'all', 'quick',
                      'growth' (more B, C, N, for plots)
  --layouts LIST      pixel-major, class-major
  --dtypes LIST       f32, f16: of the logits
  --modes LIST        plain, guided, truncated (which is guided too)
  --peers LIST        ${peerNames.join(', ')}, or none
  --seconds S         for each row; 0.5, or 0.1 with --quick
  --no-pictures       leave out whole pictures of the demo's model (in a browser, not with --quick)

What comes out.
  --json FILE         machine, results, ratios
  --markdown          tables in Markdown
  --from FILE         measure nothing, print the tables of an earlier --json; of several, of the results of all

npm run bench         in a headless Chromium (CHROMIUM_PATH chooses which), on SwiftShader
npm run bench:node    in Node on Dawn, Chromium's WebGPU: on the machine's own Vulkan driver, else on SwiftShader
  --bundle DIR        measure nothing; write a folder that runs with Node and a Vulkan loader alone, on a GPU server:
                      node DIR/bench.mjs --all --json FILE
  --dawn FILE         Dawn's binary for Node, if it is not beside the program

npm run bench:plots -- FILE.json [MORE.json …]    draws bench/plots/*.svg from results
`
