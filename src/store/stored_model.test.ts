import { afterEach, expect, it, vi } from 'vitest'
import { FakeCache, fakeLocks } from './fake_storage'
import { MemoryStore } from './memory_store'
import { CACHE, PartStore } from './part_store'
import { deleteStored, storedBytes } from './stored_model'

afterEach(() => vi.unstubAllGlobals())

const file = (name: string) => ({ name, url: '', key: `https://demo.example/${name}`, bytes: 3, sha256: '0' })

async function storeTwoFiles(): Promise<void> {
  const disk = new FakeCache()
  vi.stubGlobal('caches', { open: async (name: string) => (name === CACHE ? disk.cache : new FakeCache().cache) })
  vi.stubGlobal('navigator', { locks: fakeLocks() })
  const store = new PartStore({ memory: new MemoryStore() })
  await store.write(file('a'), 0, Uint8Array.of(1, 2))
  await store.write(file('a'), 2, Uint8Array.of(3))
  await store.write(file('b'), 0, Uint8Array.of(4))
}

it('counts the bytes of all parts', async () => {
  await storeTwoFiles()
  expect(await storedBytes()).toBe(4)
})

it('deletes all parts', async () => {
  await storeTwoFiles()
  await deleteStored()
  expect(await storedBytes()).toBe(0)
})

it('waits for the lock of a file before it deletes it', async () => {
  await storeTwoFiles()
  let finish = () => {}
  const inUse = navigator.locks.request(file('a').key, {}, () => new Promise<void>((resolve) => (finish = resolve)))
  const deleted = deleteStored()
  await vi.waitFor(async () => expect(await storedBytes()).toBe(3))
  finish()
  await Promise.all([inUse, deleted])
  expect(await storedBytes()).toBe(0)
})

it('counts 0 bytes if the browser refuses storage', async () => {
  vi.stubGlobal('caches', { open: () => Promise.reject(new DOMException('Denied.', 'SecurityError')) })
  expect(await storedBytes()).toBe(0)
  await deleteStored()
})
