export type Bytes = Uint8Array<ArrayBuffer>

/** A file on a server. */
export interface RemoteFile {
  /** The file's name in error messages. */
  readonly name: string
  readonly url: string
}

/** Size and checksum of a file, known before it is downloaded. */
export interface FileFacts {
  readonly bytes: number
  /** SHA-256 in lowercase hexadecimal. */
  readonly sha256: string
}

/** A file that is verified after the download and can be stored. */
export interface StorableFile extends RemoteFile, FileFacts {
  /** Key in the store: an absolute URL that is the same in every version of the page. Nothing is fetched from it. */
  readonly key: string
}

/** Bytes of all files of one download. The total grows if files turn up whose sizes were not known. */
export interface DownloadProgress {
  readonly loaded: number
  readonly total: number
}
