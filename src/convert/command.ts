import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { OptionError, VQDiffusionError } from '../errors'
import { checkModel } from './check/check_model'
import type { OnnxRuntime } from './check/networks'
import { faultsOf, reportLines } from './check/report'
import { type AuthorsPaths, openCheckpoint } from './checkpoint/open_checkpoint'
import { type ConvertOptions, convertCheckpoint, shardBytesOf } from './write/convert'
import { progressLine } from './write/progress'

const usage = `Usage: vq-diffusion-webgpu convert SOURCE OUT [options]

Converts a VQ-Diffusion checkpoint into a model folder that VQDiffusionPipeline.fromPretrained opens in a page.

  SOURCE            a diffusers folder (model_index.json, transformer/, vqvae/ …), a .pth of the authors' code or of Diffsound,
                    or LayoutDM's best_model.pt or its folder
  OUT               the folder to write, which must not exist

  --vqvae FILE      the autoencoder's file, where a .pth has none in it
  --mapping FILE    the codes of the codebook's entries (taming_vqvae_2887.pt …), for others than the published ones
  --config FILE     the YAML configuration of a .pth or .pt, for other heads and grids than those of the published ones
  --tokenizer DIR   a folder with CLIP's vocab.json and merges.txt, which a .pth does not have
  --dtype TYPE      how weights are stored: f32, f16, q8 or q4 (default: q8). With q8 and q4 the matrices of denoiser and
                    text encoder are integers of 8 or 4 bits, and everything is computed in float32. f16 needs a GPU with
                    shader-f16
  --attention KIND  fused (default) or plain: one operator of onnxruntime, or several of ONNX
  --encoder         write the encoder too, so that pictures can be given to the model
  --shard-size SIZE files of weights are at most this large (default: 512MB)
  --name NAME       the model's name, for its card (default: the name of OUT)
  --check           compare the converted networks with the checkpoint, computed in float64. Needs onnxruntime-web
  --help            show this text
`

const dtypes = ['f32', 'f16', 'q8', 'q4'] as const
const attentions = ['fused', 'plain'] as const

/** Where the command writes: results to `out`; progress, and what is wrong, to `err`. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Whether a person watches `err`, so that a line can be overwritten. */
  readonly interactive: boolean
  readonly signal: AbortSignal
}

/** The exit codes of the command. */
export const exitCodes = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const

/** Runs the command. @returns the exit code */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const request = requestOf(args)
    if (!request) {
      terminal.out(usage)
      return exitCodes.done
    }
    return await convert(request, terminal)
  } catch (error) {
    if (terminal.signal.aborted) {
      terminal.err('Interrupted.\n')
      return exitCodes.interrupted
    }
    if (error instanceof UsageError) {
      terminal.err(`${error.message}\nvq-diffusion-webgpu --help shows what can be given.\n`)
      return exitCodes.wrongUse
    }
    terminal.err(`${messageOf(error)}\n`)
    return exitCodes.failed
  }
}

class UsageError extends Error {}

/** What a person can act upon: errors of this package and of the system in one line, others with where they came from. */
function messageOf(error: unknown): string {
  if (error instanceof VQDiffusionError || (error instanceof Error && 'code' in error)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

interface ConvertRequest extends Omit<ConvertOptions, 'onProgress' | 'signal'> {
  readonly out: string
  /** Other files of the checkpoint. */
  readonly files: AuthorsPaths
  readonly check: boolean
}

/** Undefined if help is asked for. */
function requestOf(args: readonly string[]): ConvertRequest | undefined {
  const { values, positionals } = parsed(args)
  if (values.help || args.length === 0) return undefined
  const [command, source, out, ...rest] = positionals
  if (command !== 'convert') throw new UsageError(`The command needs to be "convert"; given ${command ?? 'none'}.`)
  if (source === undefined || out === undefined || rest.length > 0)
    throw new UsageError(`convert needs SOURCE and OUT; given ${positionals.slice(1).join(' ') || 'neither'}.`)
  return {
    source,
    out,
    files: pick(values, ['vqvae', 'mapping', 'config', 'tokenizer']),
    dtype: oneOf('--dtype', dtypes, values.dtype),
    attention: oneOf('--attention', attentions, values.attention),
    encoder: values.encoder,
    shardBytes: usageOf(() => shardBytesOf(values['shard-size'])),
    name: values.name ?? basename(out),
    command: `npx vq-diffusion-webgpu ${args.map(withoutFolders).map(quoted).join(' ')}`,
    check: values.check,
  }
}

/** The values that were given of these options. */
function pick<K extends string>(values: Readonly<Partial<Record<K, string>>>, names: readonly K[]) {
  return Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]!]))
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        vqvae: { type: 'string' },
        mapping: { type: 'string' },
        config: { type: 'string' },
        tokenizer: { type: 'string' },
        dtype: { type: 'string', default: 'q8' },
        attention: { type: 'string', default: 'fused' },
        encoder: { type: 'boolean', default: false },
        'shard-size': { type: 'string', default: '512MB' },
        name: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause })
  }
}

function oneOf<T extends string>(name: string, choices: readonly T[], given: string): T {
  if (!(choices as readonly string[]).includes(given))
    throw new UsageError(`${name} needs to be one of ${choices.join(', ')}; given ${given}.`)
  return given as T
}

function usageOf<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof OptionError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

/** The card names files, not where they lie on somebody's disk. */
const withoutFolders = (arg: string) => (arg.startsWith('-') ? arg : basename(arg))

const quoted = (arg: string) => (/^[\w./:=@%+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)

async function convert({ out, files, check, ...request }: ConvertRequest, terminal: Terminal): Promise<number> {
  // Before the conversion, which takes minutes.
  const ort = check ? await runtime() : undefined
  const checkpoint = await openCheckpoint(request.source, files)
  try {
    terminal.err(`${request.source}: ${checkpoint.description}\n`)
    const progress = new Progress(terminal)
    try {
      await convertCheckpoint(checkpoint, out, {
        ...request,
        source: basename(request.source),
        signal: terminal.signal,
        onProgress: (done, total) => progress.report(done, total),
      })
    } finally {
      progress.end()
    }
    terminal.out(`${out} is written.\n`)
    if (!ort) return exitCodes.done
    const report = await checkModel(checkpoint, out, ort, {
      signal: terminal.signal,
      onStart: (network) => terminal.err(`Checking the ${network} …\n`),
    })
    terminal.out(`${reportLines(report).join('\n')}\n`)
    const faults = faultsOf(report, request.dtype)
    for (const fault of faults) terminal.err(`${fault}\n`)
    return faults.length > 0 ? exitCodes.failed : exitCodes.done
  } finally {
    await checkpoint.close()
  }
}

async function runtime(): Promise<OnnxRuntime> {
  try {
    return await import('onnxruntime-web')
  } catch (cause) {
    throw new OptionError(
      '--check runs networks with onnxruntime-web, which is not installed beside this package: npm install onnxruntime-web',
      { cause },
    )
  }
}

/** A line that is overwritten while a person watches; else a line for each tenth. */
class Progress {
  readonly #start = performance.now()
  #last = -Infinity
  #tenth = 0

  constructor(readonly terminal: Terminal) {}

  report(done: number, total: number): void {
    const seconds = (performance.now() - this.#start) / 1000
    if (this.terminal.interactive) {
      // Ten times a second at most.
      if (done < total && seconds - this.#last < 0.1) return
      this.#last = seconds
      this.terminal.err(`\r${progressLine(done, total, seconds)}\x1b[K`)
    } else {
      const tenth = Math.floor((10 * done) / total)
      if (tenth > this.#tenth) this.terminal.err(`${progressLine(done, total, seconds)}\n`)
      this.#tenth = tenth
    }
  }

  /** Ends the line. */
  end(): void {
    if (this.terminal.interactive && this.#last > -Infinity) this.terminal.err('\n')
  }
}
