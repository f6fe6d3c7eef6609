import { requireInteger, requireObject, requireString } from '../checks'
import { OptionError } from '../errors'
import type { FileFacts } from '../file_facts'
import { valueText } from '../value_text'

/** The content of a file. */
export type Bytes = Uint8Array<ArrayBuffer>

/** A file on a server. */
export interface RemoteFile {
  /** The file's name in error messages. */
  readonly name: string
  /** The address that is fetched; relative ones are relative to the page. */
  readonly url: string
}

/** A file that is verified after the download and can be stored. */
export interface StorableFile extends RemoteFile, FileFacts {
  /**
   * Key in the store: an absolute URL that is the same in every version of the page. Nothing is fetched from it. Files whose
   * keys differ in their query are different files.
   */
  readonly key: string
  /**
   * MIME type, such as `application/wasm`. A file with one is stored in one piece, which a service worker can serve: see
   * `PartStore.address`.
   */
  readonly type?: string
}

/** Bytes of all files of one download. The total grows if files turn up whose sizes were not known. */
export interface DownloadProgress {
  /** Bytes that have arrived, or were stored. */
  readonly loaded: number
  /** Bytes of all files whose sizes are known. */
  readonly total: number
}

/** Throws OptionError unless these are files to load. */
export function requireFiles(files: readonly (RemoteFile | StorableFile)[]): void {
  if (!Array.isArray(files)) throw new OptionError(`The files need to be a list; given ${valueText(files)}.`)
  // No method of arrays, which would skip holes.
  for (const file of files) {
    requireObject('A file', file, 'an object { name, url }')
    requireString('The name of a file', file.name)
    requireString('The url of a file', file.url)
    if ('sha256' in file) requireStorable(file)
  }
}

/** Throws OptionError unless this is a file that can be stored. */
export function requireStorable(file: StorableFile): void {
  requireObject('A stored file', file, 'an object { name, url, key, bytes, sha256 }')
  storeKey(file)
  requireString('The sha256 of a stored file', file.sha256)
  requireInteger('The bytes of a stored file', file.bytes, 0)
  if (file.type !== undefined) requireString('The type of a stored file', file.type)
}

/**
 * The address under which a file's parts are stored, and the name of its lock. The Cache API ignores fragments, and the
 * store finds the parts of a file by their address without its query, so those of the key become a part of the path: each
 * revision of a file has parts of its own. Throws OptionError unless the key is an absolute URL.
 */
export function storeKey({ key }: StorableFile): string {
  requireString('The key of a stored file', key)
  try {
    return new URL(key).href.replace(/[?#]/g, encodeURIComponent)
  } catch {
    throw new OptionError(`The key of a stored file needs to be an absolute URL; given ${valueText(key)}.`)
  }
}
