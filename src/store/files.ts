/** The content of a file. */
export type Bytes = Uint8Array<ArrayBuffer>

/** A file on a server. */
export interface RemoteFile {
  /** The file's name in error messages. */
  readonly name: string
  /** The address that is fetched; relative ones are relative to the page. */
  readonly url: string
}

/** Size and checksum of a file, known before it is downloaded. */
export interface FileFacts {
  /** Size in bytes. */
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
  /** Bytes that have arrived, or were stored. */
  readonly loaded: number
  /** Bytes of all files whose sizes are known. */
  readonly total: number
}
