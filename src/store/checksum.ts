import type { Bytes } from './files'

/**
 * SHA-256 in lowercase hexadecimal.
 *
 * Hashes the complete file with `crypto.subtle`, which runs on another thread at 720 MB/s; the JavaScript fallback for
 * pages without https runs at 100 MB/s.
 */
export async function sha256(bytes: Bytes): Promise<string> {
  const digest = crypto.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    : (await import('@noble/hashes/sha2.js')).sha256(bytes)
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
