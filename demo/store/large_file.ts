import type { RemoteFile } from './download'

export type Bytes = Uint8Array<ArrayBuffer>

/** Size and checksum of a file, known before it is downloaded. */
export interface FileFacts {
  bytes: number
  /** Lowercase hexadecimal. */
  sha256: string
}

/** A file that is worth storing. */
export interface LargeFile extends RemoteFile, FileFacts {
  /** Key in the store: an absolute URL that is the same in every version of the page. Nothing is fetched from it. */
  key: string
}
