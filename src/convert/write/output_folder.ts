import { createHash, randomBytes } from 'node:crypto'
import { access, mkdir, open, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { LimitError, OptionError } from '../../errors'
import type { FileFacts } from '../../file_facts'

/** A file that is written piece by piece. */
export interface OutputFile {
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/**
 * A folder that appears when it is whole: files go to a folder beside it, `PATH.unfinished-…`, which `finish` renames. Sizes and
 * checksums are taken while files are written.
 */
export class OutputFolder {
  readonly #facts = new Map<string, FileFacts>()

  private constructor(
    readonly path: string,
    readonly temporary: string,
  ) {}

  /** Throws OptionError if there is something at the path already. */
  static async create(path: string): Promise<OutputFolder> {
    const target = resolve(path)
    await requireNew(target)
    await mkdir(dirname(target), { recursive: true })
    const temporary = `${target}.unfinished-${randomBytes(4).toString('hex')}`
    // Not mkdtemp, whose folders other users, such as a web server's, may not read.
    await mkdir(temporary)
    return new OutputFolder(target, temporary)
  }

  /** Size and SHA-256 of the files so far, by their paths. */
  get facts(): ReadonlyMap<string, FileFacts> {
    return this.#facts
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    const file = await this.open(name)
    await file.write(typeof content === 'string' ? new TextEncoder().encode(content) : content)
    await file.close()
  }

  /** Writes what people read: no part of the model, and not in its manifest. */
  async writeText(name: string, content: string): Promise<void> {
    await writeFile(join(this.temporary, name), content)
  }

  async open(name: string): Promise<OutputFile> {
    const path = join(this.temporary, name)
    await mkdir(dirname(path), { recursive: true })
    const file = await open(path, 'wx')
    const hash = createHash('sha256')
    let bytes = 0
    return {
      write: async (content) => {
        hash.update(content)
        bytes += content.length
        await file.writeFile(content)
      },
      close: async () => {
        await file.close()
        this.#facts.set(name, { bytes, sha256: hash.digest('hex') })
      },
    }
  }

  /** Throws LimitError if the disk has less room than these bytes. */
  async requireSpace(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.temporary)
    requireRoom(bytes, bavail * bsize, dirname(this.path))
  }

  async finish(): Promise<void> {
    await requireNew(this.path)
    await rename(this.temporary, this.path)
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await rm(this.temporary, { recursive: true, force: true })
  }
}

/** Throws LimitError unless `free` bytes hold `needed`. */
export function requireRoom(needed: number, free: number, where: string): void {
  if (free < needed)
    throw new LimitError(
      `The model needs ${bytesText(needed)}; the disk of ${where} has ${bytesText(free)} left. Free some, or use a smaller --dtype.`,
    )
}

async function requireNew(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  if (exists) throw new OptionError(`OUT needs to be a new folder; ${path} exists already.`)
}

/** A number of bytes for people, with three digits. */
export function bytesText(bytes: number): string {
  const [unit = 'B', size = 1] =
    (
      [
        ['GB', 1e9],
        ['MB', 1e6],
        ['kB', 1e3],
      ] as const
    ).find(([, size]) => bytes >= size) ?? []
  return `${size === 1 ? bytes : (bytes / size).toPrecision(3)} ${unit}`
}
