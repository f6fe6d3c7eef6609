import { afterEach, expect, it, vi } from 'vitest'
import { sha256 } from './checksum'

// FIPS 180-2, appendix B.1.
const abc = new TextEncoder().encode('abc')
const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

afterEach(() => vi.unstubAllGlobals())

it('uses crypto.subtle', async () => {
  expect(await sha256(abc)).toBe(digest)
})

it('falls back to JavaScript on pages without https', async () => {
  vi.stubGlobal('crypto', {})
  expect(await sha256(abc)).toBe(digest)
})
