import { FetchError } from './errors'

/**
 * What servers and tools put in the place of a file: a web page, a Git LFS pointer, the text of an error, an archive.
 * Undefined for anything else.
 */
export function substituteOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'an empty file'
  const start = Array.from(bytes.subarray(0, 80), (byte) => String.fromCharCode(byte)).join('')
  if (start.startsWith('version https://git-lfs.'))
    return 'a Git LFS pointer: the file itself was not downloaded (git lfs pull)'
  if (markup.test(start)) return 'a web page: check the address of the file'
  if (start.startsWith('\x1f\x8b\x08')) return 'a gzip archive: unpack it, or serve it with Content-Encoding: gzip'
  if (start.startsWith('PK\x03\x04')) return 'a ZIP archive, as PyTorch saves weights too'
  return undefined
}

/** HTML, or the XML of an error, after a byte order mark or none. Not any '<', with which weights may begin. */
const markup = /^(\xef\xbb\xbf)?\s*<(![a-z-]|\?xml|(html|head|title|body|h\d|p|div|pre|error)\b)/i

/** Parses a JSON file. Throws FetchError, which says what was found instead. */
export function parseJson(name: string, bytes: Uint8Array, address: string, status: number): unknown {
  const text = new TextDecoder().decode(bytes)
  try {
    return JSON.parse(text)
  } catch (cause) {
    const found = substituteOf(bytes) ?? `text that is not JSON (${JSON.stringify(text.slice(0, 40))})`
    throw new FetchError(`${name} needs to be a JSON file; given ${found}.`, address, status, { cause })
  }
}
