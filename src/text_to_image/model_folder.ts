import { ConfigError, DtypeError, FetchError } from '../errors'
import { absoluteAddress, fetchJson, isAddress, modelFile } from '../fetch'
import { parseJson } from '../file_content'
import type { FileFacts } from '../file_facts'
import { kindOf } from '../kind'
import { type ModelIndex, requireModelIndex } from '../onnx/model_index'
import { readBlob } from '../onnx/model_source'
import type { Bytes, DownloadProgress, RemoteFile, StorableFile } from '../store/files'
import { loadFiles } from '../store/load'
import { noCache, PartStore } from '../store/part_store'
import { valueText } from '../value_text'

/**
 * A model folder: its URL; the URLs or Blobs of its files by their paths in the folder, as a package for bundlers has
 * them; or files that the user opened, a directory handle or the files of an `<input webkitdirectory>`.
 */
export type ModelSource =
  | string
  | URL
  | Readonly<Record<string, string | URL | Blob>>
  | ReadonlyMap<string, string | URL | Blob>
  | FileSystemDirectoryHandle
  | Iterable<File>

/** Options of `ModelFolder.load`. */
export interface LoadOptions {
  readonly onProgress?: ((progress: DownloadProgress) => unknown) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A model folder in the layout of diffusers. */
export interface ModelFolder {
  /** The content of `model_index.json`. */
  readonly index: ModelIndex
  /** The content of a JSON file. Rejects with FetchError, or with the signal's reason. */
  json(path: string, signal?: AbortSignal): Promise<unknown>
  /** Size of a file in bytes, if it is known without loading it. */
  bytesOf(path: string): number | undefined
  /** The contents of files, loaded together. Rejects with FetchError, or with the signal's reason. */
  load(paths: readonly string[], options?: LoadOptions): Promise<Bytes[]>
}

/**
 * Opens a model folder. Rejects with FetchError if a file is missing, ConfigError if the folder holds another pipeline,
 * DtypeError if the source is none of the kinds above, or with the signal's reason.
 *
 * @param options.cache whether files with a checksum in the folder's manifest are stored in the Cache API
 */
export async function openModelFolder(
  source: ModelSource,
  { cache, signal }: { readonly cache: boolean; readonly signal?: AbortSignal | undefined },
): Promise<ModelFolder> {
  if (isAddress(source)) return openRemoteFolder((path) => modelFile(source, '', path), cache, signal)
  const files = await filesOf(source)
  const find = (path: string) => files.get(path) ?? missing(path, files)
  const addresses = [...files.values()].filter(isAddress).length
  if (addresses > 0 && addresses < files.size)
    throw new DtypeError("A model's files need to be all addresses or all Blobs; given both.")
  return addresses > 0
    ? openRemoteFolder((path) => absoluteAddress(String(find(path))), cache, signal)
    : openLocalFolder((path) => find(path) as Blob)
}

function missing(path: string, files: ReadonlyMap<string, unknown>): never {
  throw new FetchError(`The file ${path} is missing: the folder has {${[...files.keys()].join(', ')}}.`, path, 0)
}

// Folders on a server

/** `manifest.json` of a model folder: size and checksum of its files by their paths. */
interface Manifest {
  readonly files: Readonly<Record<string, FileFacts>>
}

/** @param address of a file, by its path in the folder */
async function openRemoteFolder(
  address: (path: string) => string,
  cache: boolean,
  signal: AbortSignal | undefined,
): Promise<ModelFolder> {
  const json = (path: string, signal?: AbortSignal) => fetchJson(address(path), signal)
  const index = requireModelIndex(await json('model_index.json', signal), address('model_index.json'))
  const manifest = index.manifest === undefined ? {} : await manifestOf(index.manifest, (path) => json(path, signal))
  const store = new PartStore(cache ? {} : { open: noCache })
  const factsOf = (path: string) => (Object.hasOwn(manifest, path) ? manifest[path] : undefined)
  const fileOf = (path: string): RemoteFile | StorableFile => {
    const url = address(path)
    const facts = factsOf(path)
    return { name: path, url, ...(facts && { bytes: facts.bytes, sha256: facts.sha256, key: url }) }
  }
  return {
    index,
    json,
    bytesOf: (path) => factsOf(path)?.bytes,
    load: (paths, options = {}) => loadFiles(paths.map(fileOf), { ...options, store }),
  }
}

/** The files of a manifest. Throws ConfigError if it is none. */
async function manifestOf(path: unknown, json: (path: string) => Promise<unknown>): Promise<Manifest['files']> {
  if (typeof path !== 'string')
    throw new ConfigError(`manifest in model_index.json needs to be a path; given ${valueText(path)}.`)
  const manifest = (await json(path)) as Partial<Manifest> | null
  const files = manifest?.files
  if (kindOf(files) !== 'Object' || !Object.values(files!).every(areFacts))
    throw new ConfigError(
      `${path} needs "files": { PATH: { "bytes": INTEGER, "sha256": 64 HEXADECIMAL DIGITS } }; ` +
        `given ${valueText(files ?? manifest)}.`,
    )
  return files!
}

function areFacts(facts: Partial<FileFacts> | null): boolean {
  return Number.isSafeInteger(facts?.bytes) && facts!.bytes! >= 0 && /^[0-9a-f]{64}$/.test(String(facts!.sha256))
}

// Files of the user

async function openLocalFolder(find: (path: string) => Blob): Promise<ModelFolder> {
  const read = (path: string) => readBlob(`The file ${path}`, find(path))
  const json = async (path: string): Promise<unknown> => parseJson(`The file ${path}`, await read(path), path, 0)
  const load = async (paths: readonly string[], { onProgress, signal }: LoadOptions = {}): Promise<Bytes[]> => {
    const total = paths.reduce((sum, path) => sum + find(path).size, 0)
    let loaded = 0
    const readNext = async (path: string) => {
      signal?.throwIfAborted()
      const bytes = await read(path)
      loaded += bytes.length
      await onProgress?.({ loaded, total })
      return bytes
    }
    await onProgress?.({ loaded, total })
    const contents = await Promise.all(paths.map(readNext))
    signal?.throwIfAborted()
    return contents
  }
  const index = requireModelIndex(await json('model_index.json'), 'model_index.json')
  return { index, json, bytesOf: (path) => find(path).size, load }
}

/** The files by their paths in the folder, without the name of the folder itself. */
async function filesOf(source: Exclude<ModelSource, string | URL>): Promise<Map<string, string | URL | Blob>> {
  const entries = await fileEntries(source)
  for (const [path, file] of entries) requireFile(path, file)
  const index = entries.map(([path]) => path).find((path) => /(^|\/)model_index\.json$/.test(path))
  if (index === undefined) missing('model_index.json', new Map(entries))
  const root = index.slice(0, -'model_index.json'.length)
  return new Map(
    entries.filter(([path]) => path.startsWith(root)).map(([path, file]) => [path.slice(root.length), file]),
  )
}

function requireFile(path: unknown, file: unknown): void {
  if (typeof path !== 'string' || (!isAddress(file) && !/^(Blob|File)$/.test(kindOf(file))))
    throw new DtypeError(
      `The file ${String(path)} of a model needs to be a URL, a string or a Blob; given ${valueText(file)}.`,
    )
}

async function fileEntries(source: unknown): Promise<[path: string, file: string | URL | Blob][]> {
  if (isDirectory(source)) return directoryEntries(source, '')
  const kind = kindOf(source)
  if (kind === 'Map') return [...(source as Map<string, string | URL | Blob>)]
  if (typeof source === 'object' && source !== null && Symbol.iterator in source && !ArrayBuffer.isView(source))
    return Array.from(source as Iterable<File>, (file) => [file?.webkitRelativePath || file?.name, file])
  if (kind === 'Object' || kind === 'Module') return Object.entries(source as Record<string, string | URL | Blob>)
  throw new DtypeError(
    `A model needs to be the URL of a folder, a directory handle, or its files; given ${valueText(source)}.`,
  )
}

function isDirectory(source: unknown): source is FileSystemDirectoryHandle {
  return (source as FileSystemDirectoryHandle | undefined)?.kind === 'directory'
}

async function directoryEntries(
  directory: FileSystemDirectoryHandle,
  prefix: string,
): Promise<[path: string, file: Blob][]> {
  const entries: [string, Blob][] = []
  try {
    for await (const [name, handle] of directory.entries()) {
      const path = `${prefix}${name}`
      if (isDirectory(handle)) entries.push(...(await directoryEntries(handle, `${path}/`)))
      else entries.push([path, await (handle as FileSystemFileHandle).getFile()])
    }
  } catch (cause) {
    if (cause instanceof FetchError) throw cause
    const message = `The folder ${prefix || directory.name} could not be read: ${(cause as Error).message}`
    throw new FetchError(message, prefix, 0, { cause })
  }
  return entries
}
