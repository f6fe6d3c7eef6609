import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '../../errors'
import type { ByteFolder, ByteSource } from './checkpoint'

/** Linux reads at most 2³¹ − 4096 bytes a call. */
const readLimit = 2 ** 30

/** A file on disk. Rejects CheckpointError if it cannot be opened or is a folder. */
export async function openFile(path: string): Promise<ByteSource> {
  const file = await open(path).catch((cause: Error) => {
    throw new CheckpointError(`${path} cannot be opened: ${cause.message}`, path, { cause })
  })
  const facts = await file.stat()
  if (!facts.isFile()) {
    await file.close()
    throw new CheckpointError(`${path} needs to be a file.`, path)
  }
  return {
    name: path,
    size: facts.size,
    async read(offset, length) {
      if (offset + length > facts.size) throw endsEarly(path, facts.size, offset, length)
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, Math.min(length - done, readLimit), offset + done)
        if (bytesRead === 0) throw endsEarly(path, offset + done, offset, length)
        done += bytesRead
      }
      return bytes
    },
    close: () => file.close(),
  }
}

function endsEarly(path: string, size: number, offset: number, length: number): CheckpointError {
  return new CheckpointError(
    `${path} ends early: it has ${size} bytes, and bytes ${offset} to ${offset + length} are needed. Download it again.`,
    path,
  )
}

/** A folder on disk, with the files of its direct subfolders. Rejects CheckpointError if it cannot be read. */
export async function openFolder(path: string): Promise<ByteFolder> {
  const list = (folder: string) =>
    readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
      throw new CheckpointError(`${folder} cannot be read: ${cause.message}`, path, { cause })
    })
  const paths: string[] = []
  for (const entry of await list(path)) {
    // A link may point to either, as in the cache of huggingface_hub.
    const isFolder = (await stat(join(path, entry.name)).catch(() => entry)).isDirectory()
    if (!isFolder) paths.push(entry.name)
    else for (const inner of await list(join(path, entry.name))) paths.push(`${entry.name}/${inner.name}`)
  }
  return {
    name: path,
    paths,
    async open(file) {
      if (!paths.includes(file)) throw new CheckpointError(`${path} has no file ${file}.`, path)
      return openFile(join(path, file))
    },
  }
}
