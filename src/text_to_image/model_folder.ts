import { DtypeError, FetchError } from '../errors'
import { fetchJson, modelFile } from '../fetch'
import { type ModelIndex, requireModelIndex } from '../onnx/model_index'
import type { Bytes, DownloadProgress, FileFacts, RemoteFile, StorableFile } from '../store/files'
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
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A model folder in the layout of diffusers. */
export interface ModelFolder {
  /** The content of `model_index.json`. */
  readonly index: ModelIndex
  /** The content of a JSON file. Rejects with FetchError, or with the signal's reason. */
  json(path: string, signal?: AbortSignal): Promise<unknown>
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
  if (typeof source === 'string' || source instanceof URL)
    return openRemoteFolder((path) => modelFile(source, '', path), cache, signal)
  const files = await filesOf(source)
  const find = (path: string) => files.get(path) ?? missing(path, files)
  const someFile = files.values().next().value
  if (typeof someFile === 'string' || someFile instanceof URL)
    return openRemoteFolder((path) => String(find(path)), cache, signal)
  return openLocalFolder((path) => find(path) as Blob)
}

function missing(path: string, files: ReadonlyMap<string, unknown>): never {
  throw new FetchError(`The file ${path} is missing: the folder has {${[...files.keys()].join(', ')}}.`, path, 0)
}

// Folders on a server

/** `manifest.json` of a model folder: size and checksum of its files by their paths. */
interface Manifest {
  readonly files: Readonly<Record<string, FileFacts>>
}

/** @param urlOf the URL of a file by its path in the folder */
async function openRemoteFolder(
  urlOf: (path: string) => string,
  cache: boolean,
  signal: AbortSignal | undefined,
): Promise<ModelFolder> {
  const json = (path: string, signal?: AbortSignal) => fetchJson(urlOf(path), signal)
  const index = requireModelIndex(await json('model_index.json', signal), urlOf('model_index.json'))
  const { files } =
    typeof index.manifest === 'string' ? ((await json(index.manifest, signal)) as Manifest) : { files: {} }
  const store = new PartStore(cache ? {} : { open: noCache })
  const fileOf = (path: string): RemoteFile | StorableFile => {
    const url = absolute(urlOf(path))
    return { name: path, url, ...(files[path] && { ...files[path], key: url }) }
  }
  return { index, json, load: (paths, options = {}) => loadFiles(paths.map(fileOf), { ...options, store }) }
}

/** Relative addresses are relative to the page; without a page they have to be absolute already. */
function absolute(url: string): string {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href
  return base === undefined ? url : new URL(url, base).href
}

// Files of the user

async function openLocalFolder(find: (path: string) => Blob): Promise<ModelFolder> {
  const json = async (path: string): Promise<unknown> => {
    const text = await find(path).text()
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new FetchError(`The file ${path} needs to be a JSON file.`, path, 0, { cause })
    }
  }
  const load = async (paths: readonly string[], { onProgress, signal }: LoadOptions = {}): Promise<Bytes[]> => {
    const blobs = paths.map(find)
    const total = blobs.reduce((sum, { size }) => sum + size, 0)
    let loaded = 0
    onProgress?.({ loaded, total })
    const read = async (blob: Blob) => {
      signal?.throwIfAborted()
      const bytes = new Uint8Array(await blob.arrayBuffer())
      loaded += bytes.length
      onProgress?.({ loaded, total })
      return bytes
    }
    const contents = await Promise.all(blobs.map(read))
    signal?.throwIfAborted()
    return contents
  }
  return { index: requireModelIndex(await json('model_index.json'), 'model_index.json'), json, load }
}

/** The files by their paths in the folder, without the name of the folder itself. */
async function filesOf(source: Exclude<ModelSource, string | URL>): Promise<Map<string, string | URL | Blob>> {
  const entries = await fileEntries(source)
  const index = entries.map(([path]) => path).find((path) => /(^|\/)model_index\.json$/.test(path))
  if (index === undefined) missing('model_index.json', new Map(entries))
  for (const [path, file] of entries) requireFile(path, file)
  const root = index.slice(0, -'model_index.json'.length)
  return new Map(
    entries.filter(([path]) => path.startsWith(root)).map(([path, file]) => [path.slice(root.length), file]),
  )
}

function requireFile(path: string, file: unknown): void {
  if (typeof file !== 'string' && !(file instanceof URL) && !(file instanceof Blob))
    throw new DtypeError(`The file ${path} of a model needs to be a URL, a string or a Blob; given ${valueText(file)}.`)
}

async function fileEntries(source: unknown): Promise<[path: string, file: string | URL | Blob][]> {
  if (isDirectory(source)) return directoryEntries(source, '')
  if (typeof source !== 'object' || source === null)
    throw new DtypeError(
      `A model needs to be the URL of a folder, a directory handle, or its files; given ${valueText(source)}.`,
    )
  if (source instanceof Map) return [...source]
  if (Symbol.iterator in source) {
    const files = [...(source as Iterable<File>)]
    return files.map((file) => [file?.webkitRelativePath || file?.name, file])
  }
  return Object.entries(source)
}

function isDirectory(source: unknown): source is FileSystemDirectoryHandle {
  return (source as FileSystemDirectoryHandle | undefined)?.kind === 'directory'
}

async function directoryEntries(
  directory: FileSystemDirectoryHandle,
  prefix: string,
): Promise<[path: string, file: Blob][]> {
  const entries: [string, Blob][] = []
  for await (const [name, handle] of directory.entries()) {
    const path = `${prefix}${name}`
    if (isDirectory(handle)) entries.push(...(await directoryEntries(handle, `${path}/`)))
    else entries.push([path, await (handle as FileSystemFileHandle).getFile()])
  }
  return entries
}
