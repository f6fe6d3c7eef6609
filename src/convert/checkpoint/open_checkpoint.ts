import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '../../errors'
import { type AuthorsFiles, openAuthors } from './authors'
import { layoutMark } from './authors_names'
import type { ByteSource, Checkpoint } from './checkpoint'
import { openDiffusers } from './diffusers'
import { openLayout } from './layoutdm'
import { openFile, openFolder } from './node_files'
import { readDictionary } from './weight_files'

/** Paths of what a checkpoint of the authors' code leaves to other files; see `AuthorsFiles`. */
export type AuthorsPaths = { readonly [File in keyof AuthorsFiles]?: string }

/**
 * Opens what is at a path: a folder of diffusers, a checkpoint of the authors' code or of Diffsound, or a checkpoint of LayoutDM or the
 * folder that its training writes. Rejects CheckpointError, which says what was found and what is supported. To be closed after
 * use.
 */
export async function openCheckpoint(path: string, paths: AuthorsPaths = {}): Promise<Checkpoint> {
  const facts = await stat(path).catch((cause: Error) => {
    throw new CheckpointError(`${path} cannot be opened: ${cause.message}`, path, { cause })
  })
  if (!facts.isDirectory()) return openFiles(path, paths)
  const needless = Object.entries(paths).find(([, file]) => file !== undefined)
  if (needless)
    throw new CheckpointError(`${path} is a folder, which takes no --${needless[0]}: that goes with a .pth file.`, path)
  const folder = await openFolder(path)
  const trained = folder.paths.filter((file) => /^(\d+\/)?best_model\.pt$/.test(file)).sort()[0]
  if (trained === undefined || folder.paths.includes('model_index.json')) return openDiffusers(folder)
  const config = trained.replace('best_model.pt', 'config.yaml')
  return openFiles(join(path, trained), folder.paths.includes(config) ? { config: join(path, config) } : {})
}

async function openFiles(path: string, paths: AuthorsPaths): Promise<Checkpoint> {
  const opened: ByteSource[] = []
  const open = async (file: string) => {
    const source = await openFile(file)
    opened.push(source)
    return source
  }
  try {
    const file = await open(path)
    const { vqvae, mapping, config, tokenizer } = paths
    const files: AuthorsFiles = {
      ...(vqvae !== undefined && { vqvae: await open(vqvae) }),
      ...(mapping !== undefined && { mapping: await open(mapping) }),
      ...(config !== undefined && { config: await open(config) }),
      ...(tokenizer !== undefined && { tokenizer: await openFolder(tokenizer) }),
    }
    // A pickle has less than a megabyte, and its tensors are not read: it is read again by what it turns out to be.
    const isLayout = (await readDictionary(file)).has(layoutMark)
    return await (isLayout ? openLayout(file, files) : openAuthors(file, files))
  } catch (error) {
    await Promise.all(opened.map((source) => source.close()))
    throw error
  }
}
