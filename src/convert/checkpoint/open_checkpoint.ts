import { stat } from 'node:fs/promises'
import { CheckpointError } from '../../errors'
import { type AuthorsFiles, openAuthors } from './authors'
import type { ByteSource, Checkpoint } from './checkpoint'
import { openDiffusers } from './diffusers'
import { openFile, openFolder } from './node_files'

/** Paths of what a checkpoint of the authors' code leaves to other files; see `AuthorsFiles`. */
export type AuthorsPaths = { readonly [File in keyof AuthorsFiles]?: string }

/**
 * Opens what is at a path: a folder of diffusers, or a checkpoint of the authors' code. Rejects CheckpointError, which
 * says what was found and what is supported. To be closed after use.
 */
export async function openCheckpoint(path: string, paths: AuthorsPaths = {}): Promise<Checkpoint> {
  const facts = await stat(path).catch((cause: Error) => {
    throw new CheckpointError(`${path} cannot be opened: ${cause.message}`, path, { cause })
  })
  if (!facts.isDirectory()) return openAuthorsFiles(path, paths)
  const needless = Object.entries(paths).find(([, file]) => file !== undefined)
  if (needless)
    throw new CheckpointError(`${path} is a folder, which takes no --${needless[0]}: that goes with a .pth file.`, path)
  return openDiffusers(await openFolder(path))
}

async function openAuthorsFiles(path: string, paths: AuthorsPaths): Promise<Checkpoint> {
  const opened: ByteSource[] = []
  const open = async (file: string) => {
    const source = await openFile(file)
    opened.push(source)
    return source
  }
  try {
    const file = await open(path)
    const { vqvae, mapping, config, tokenizer } = paths
    return await openAuthors(file, {
      ...(vqvae !== undefined && { vqvae: await open(vqvae) }),
      ...(mapping !== undefined && { mapping: await open(mapping) }),
      ...(config !== undefined && { config: await open(config) }),
      ...(tokenizer !== undefined && { tokenizer: await openFolder(tokenizer) }),
    })
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()))
    throw error
  }
}
