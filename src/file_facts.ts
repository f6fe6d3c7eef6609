/** Size and checksum of a file, as manifests have them. */
export interface FileFacts {
  /** Size in bytes. */
  readonly bytes: number
  /** SHA-256 in lowercase hexadecimal. */
  readonly sha256: string
}
