import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LimitError } from '../errors'
import { FakeServer } from './fake_server'
import { FakeCache, fakeLocks } from './fake_storage'
import type { DownloadProgress, StorableFile } from './files'
import { loadFiles } from './load'
import { MemoryStore } from './memory_store'
import { PartStore } from './part_store'

const MEBIBYTE = 2 ** 20
/** More than two parts, and not a multiple of the chunk size. */
const SIZE = 10.5 * MEBIBYTE

/** 0, seed, 2 · seed, … modulo 256. */
function content(seed: number, bytes = SIZE): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(bytes)
  for (let i = 0; i < bytes; i++) values[i] = i * seed
  return values
}

function fileOf(name: string, bytes: Uint8Array): StorableFile {
  const url = `https://files.example/${name}`
  return { name, url, key: url, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

let server: FakeServer
let disk: FakeCache
let memory: MemoryStore
const ignore = () => {}
/** The store of a new tab. */
const openStore = () => new PartStore({ memory, open: async () => disk.cache })

const [a, b] = [content(1), content(3)]
const [fileA, fileB] = [fileOf('a', a), fileOf('b', b)]

beforeEach(() => {
  server = new FakeServer()
  server.files.set('a', a).set('b', b)
  disk = new FakeCache()
  memory = new MemoryStore()
  vi.stubGlobal('fetch', server.fetch)
  vi.stubGlobal('navigator', { locks: fakeLocks() })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Vitest's own comparison takes minutes for 10 MiB. */
function expectSame(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(Buffer.compare(actual!, expected)).toBe(0)
}

const loadA = async (store = openStore()) => (await loadFiles([fileA], { store }))[0]

describe('loadFiles', () => {
  it('returns and stores every file, with a joint progress that ends at the total', async () => {
    const seen: DownloadProgress[] = []
    const store = openStore()
    const contents = await loadFiles([fileA, fileB], { store, onProgress: (now) => seen.push(now) })
    expectSame(contents[0], a)
    expectSame(contents[1], b)
    expect(store.refusal).toBeUndefined()
    expect(seen[0]).toEqual({ loaded: 0, total: 2 * SIZE })
    expect(seen.at(-1)).toEqual({ loaded: 2 * SIZE, total: 2 * SIZE })
    expect(disk.bytes).toBe(2 * SIZE)
  })

  it('sends no request the second time', async () => {
    await loadA()
    server.requests.length = 0
    expectSame(await loadA(), a)
    expect(server.requests).toEqual([])
  })

  it('resumes an interrupted download, also in another tab', async () => {
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await expect(loadA()).rejects.toThrow('The download of a broke off: the connection failed.')
    expectSame(await loadA(), a)
    expect(server.requests).toEqual(['a', `a ${5.5 * MEBIBYTE}`])
  })

  it('stores a file with a type in one piece, with an address, also after its download broke off', async () => {
    const typed = { ...fileA, type: 'application/wasm' }
    const load = async () => (await loadFiles([typed], { store: openStore() }))[0]
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await expect(load()).rejects.toThrow('broke off')
    expect(await openStore().address(typed)).toBeUndefined()
    expectSame(await load(), a)
    const address = await openStore().address(typed)
    expect(address).toBe(`${fileA.url}?sha256=${fileA.sha256}&from=0`)
    expect([...disk.entries.keys()]).toEqual([address])
    expect((await disk.match(address!))!.headers.get('content-type')).toBe('application/wasm')
    server.requests.length = 0
    expectSame(await load(), a)
    expect(server.requests).toEqual([])
  })

  it('keeps a file with a type in memory if it does not fit, without an address', async () => {
    disk.quota = 5 * MEBIBYTE
    const typed = { ...fileA, type: 'application/wasm' }
    const store = openStore()
    expectSame((await loadFiles([typed], { store }))[0], a)
    expect(await store.address(typed)).toBeUndefined()
    server.requests.length = 0
    expectSame((await loadFiles([typed], { store }))[0], a)
    expect(server.requests).toEqual([])
  })

  it('reports the stored bytes as progress', async () => {
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await loadA().catch(ignore)
    const seen: number[] = []
    await loadFiles([fileA], { store: openStore(), onProgress: ({ loaded }) => seen.push(loaded) })
    expect(seen.slice(0, 2)).toEqual([0, 5.5 * MEBIBYTE])
  })

  it('restarts if the server ignores Range headers, and stores nothing twice', async () => {
    for (const at of [5.5, 7]) {
      server.breaks.set('a', at * MEBIBYTE)
      await loadA().catch(ignore)
    }
    server.supportsRanges = false
    expectSame(await loadA(), a)
    expect(disk.bytes).toBe(a.length)
  })

  it('rejects a file with a wrong checksum and removes it from the store', async () => {
    server.files.set('a', content(5))
    await expect(loadA()).rejects.toThrow('The file a is not the one that this page expects')
    expect(disk.bytes).toBe(0)
    server.files.set('a', a)
    expectSame(await loadA(), a)
  })

  it.each([
    ['shorter', SIZE - 1],
    ['longer', SIZE + MEBIBYTE],
  ])('rejects a file that is %s', async (_, bytes) => {
    server.files.set('a', content(5, bytes))
    await expect(loadA()).rejects.toThrow('The file a is not the one that this page expects')
  })

  it.each([
    ['other bytes', (part: Uint8Array<ArrayBuffer>) => part.toReversed()],
    ['too many bytes', () => content(5, 2 * SIZE)],
  ])('downloads a file again if its stored parts have %s', async (_, spoil) => {
    await loadA()
    const [key, part] = disk.entries.entries().next().value!
    disk.entries.set(key, spoil(part))
    server.requests.length = 0
    expectSame(await loadA(), a)
    expect(server.requests).toEqual(['a'])
  })

  it('removes the previous version', async () => {
    await loadA()
    const changed = content(7)
    server.files.set('a', changed)
    const [loaded] = await loadFiles([fileOf('a', changed)], { store: openStore() })
    expectSame(loaded, changed)
    expect(disk.bytes).toBe(changed.length)
  })

  it('aborts the other files after the first failure, and keeps their bytes', async () => {
    server.breaks.set('a', 2 * MEBIBYTE)
    await expect(loadFiles([fileA, fileB], { store: openStore() })).rejects.toThrow('The download of a broke off')
    const ofB = disk.bytes - 2 * MEBIBYTE
    expect(ofB).toBeGreaterThan(0)
    expect(ofB).toBeLessThan(b.length)
    await loadFiles([fileA, fileB], { store: openStore() })
    expect(server.requests).toEqual(['a', 'b', `a ${2 * MEBIBYTE}`, `b ${ofB}`])
  })

  it('rejects only after the bytes that arrived are stored', async () => {
    const put = disk.put.bind(disk)
    disk.put = async (...entry) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      await put(...entry)
    }
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await loadA().catch(ignore)
    expect(disk.bytes).toBe(5.5 * MEBIBYTE)
  })

  it('aborts a stalled connection', async () => {
    vi.useFakeTimers()
    server.stalls.set('a', 6 * MEBIBYTE)
    const failed = expect(loadA()).rejects.toThrow('The download of a broke off')
    await vi.waitFor(() => expect(disk.bytes).toBe(4 * MEBIBYTE))
    await vi.advanceTimersByTimeAsync(31_000)
    await failed
    expect(disk.bytes).toBe(6 * MEBIBYTE)
  })

  it('downloads a file once for two tabs', async () => {
    const both = await Promise.all([loadA(), loadA()])
    for (const content of both) expectSame(content, a)
    expect(server.requests).toEqual(['a'])
  })

  it('reports the progress of another tab while waiting for it', async () => {
    vi.useFakeTimers()
    server.stalls.set('a', 6 * MEBIBYTE)
    const first = loadA().catch(ignore)
    await vi.waitFor(() => expect(disk.bytes).toBe(4 * MEBIBYTE))
    const seen: number[] = []
    const second = loadFiles([fileA], { store: openStore(), onProgress: ({ loaded }) => seen.push(loaded) })
    await vi.advanceTimersByTimeAsync(1100)
    expect(seen).toEqual([0, 4 * MEBIBYTE, 4 * MEBIBYTE])
    await vi.advanceTimersByTimeAsync(31_000)
    await first
    vi.useRealTimers()
    expectSame((await second)[0], a)
  })
})

describe('a file', () => {
  it.each([
    ['cut off', a.subarray(0, 3 * MEBIBYTE), 'cut off: the server sent 3145728 of 11010048 bytes'],
    ['a Git LFS pointer', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1'), 'a Git LFS pointer'],
    ['a web page', new TextEncoder().encode('<html><title>Not found</title>'), 'a web page'],
    ['an empty one', new Uint8Array(), 'cut off: the server sent 0 of'],
  ])('that is %s says so', async (_, content, message) => {
    server.files.set('a', content)
    await expect(loadA()).rejects.toThrow(`The file a is not the one that this page expects: it is ${message}`)
  })

  it.each(['?rev=', '#'])('whose key has a %s is another file, with parts of its own', async (mark) => {
    const keyed = (file: StorableFile, name: string) => ({ ...file, key: `${fileA.key}${mark}${name}` })
    const files = [fileA, keyed(fileB, 'b'), keyed(fileA, 'a')]
    for (let visit = 0; visit < 2; visit++)
      for (const [i, file] of files.entries())
        expectSame((await loadFiles([file], { store: openStore() }))[0], [a, b, a][i]!)
    expect(server.requests).toEqual(['a', 'b', 'a'])
  })

  it('needs a key that is an absolute URL, and to fit into memory', async () => {
    await expect(loadFiles([{ ...fileA, key: 'a' }])).rejects.toThrow('needs to be an absolute URL; given "a"')
    await expect(loadFiles([{ ...fileA, bytes: 2 ** 52 }])).rejects.toThrow(LimitError)
  })
})

describe('a callback that fails', () => {
  const failure = new Error('no')
  it.each([
    [
      'throws',
      () => {
        throw failure
      },
    ],
    ['rejects', () => Promise.reject(failure)],
  ])('stops the downloads if it %s', async (_, fail) => {
    server.stalls.set('a', 6 * MEBIBYTE)
    const onProgress = ({ loaded }: DownloadProgress) => (loaded >= 5 * MEBIBYTE ? fail() : undefined)
    await expect(loadFiles([fileA, fileB], { store: openStore(), onProgress })).rejects.toBe(failure)
    expect(disk.bytes).toBeGreaterThan(0)
  })

  it('rejects the call if it is that of a store', async () => {
    memory.write = () => Promise.reject(failure) as never
    const store = new PartStore({ memory, open: () => Promise.reject(new Error('refused')) })
    await expect(loadA(store)).rejects.toBe(failure)
  })
})

describe('if the browser refuses storage', () => {
  it('keeps parts in memory that do not fit, and gives the reason', async () => {
    disk.quota = 5 * MEBIBYTE
    const store = openStore()
    expectSame(await loadA(store), a)
    expect(store.refusal).toBe('There was no room to store the model, so the next visit downloads it again.')
    expect(disk.bytes).toBeLessThan(disk.quota)
  })

  it.each([
    ['Pages without https cannot store the model', new ReferenceError('caches is not defined')],
    ['The browser refused to store the model', new DOMException('Storage is disabled.', 'SecurityError')],
  ])('resumes from memory: %s', async (reason, error) => {
    // A new worker after a failure: the MemoryStore belongs to the page.
    const openStore = () => new PartStore({ memory, open: () => Promise.reject(error) })
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await loadA(openStore()).catch(ignore)
    const store = openStore()
    expectSame(await loadA(store), a)
    expect(store.refusal).toBe(`${reason}, so the next visit downloads it again.`)
    expect(server.requests).toEqual(['a', `a ${5.5 * MEBIBYTE}`])
  })

  it('removes bytes with a wrong checksum from memory too', async () => {
    const refused = new DOMException('Storage is disabled.', 'SecurityError')
    const store = new PartStore({ memory, open: () => Promise.reject(refused) })
    server.files.set('a', content(5))
    await loadA(store).catch(ignore)
    server.files.set('a', a)
    expectSame(await loadA(store), a)
    expect(server.requests).toEqual(['a', 'a'])
  })
})

describe('without a manifest', () => {
  it.each([
    ['no size', undefined],
    ['the size', SIZE],
    ['too small a size', 3.2 * MEBIBYTE],
    ['too large a size', 12 * MEBIBYTE],
  ])('a file is whole if the server tells %s', async (_, size) => {
    vi.stubGlobal('fetch', async (url: string, options: RequestInit) => {
      const { body } = await server.fetch(url, options)
      return new Response(body, size === undefined ? {} : { headers: { 'content-length': String(size) } })
    })
    const [loaded] = await loadFiles([{ name: 'a', url: 'https://files.example/a' }])
    expectSame(loaded, a)
  })
})

describe('without a store', () => {
  it('verifies a file whose checksum is known', async () => {
    expectSame((await loadFiles([fileA]))[0], a)
    server.files.set('a', content(5))
    await expect(loadFiles([fileA])).rejects.toThrow('its checksum differs')
    expect(disk.bytes).toBe(0)
  })

  it('downloads a file of unknown size, whose total is at most what has arrived', async () => {
    const { name, url } = fileA
    const seen: DownloadProgress[] = []
    const contents = await loadFiles([{ name, url }, fileB], { onProgress: (now) => seen.push(now) })
    expectSame(contents[0], a)
    expect(seen[0]).toEqual({ loaded: 0, total: SIZE })
    expect(seen.every(({ loaded, total }) => loaded <= total)).toBe(true)
    expect(seen.at(-1)).toEqual({ loaded: 2 * SIZE, total: 2 * SIZE })
  })
})

describe('an aborted signal', () => {
  it.each([
    ['a stored file', fileA],
    ['a file of unknown size', { name: 'a', url: fileA.url }],
  ])('rejects with its reason, and stops the download of %s', async (_, file) => {
    const controller = new AbortController()
    const reason = new Error('The page was left.')
    server.stalls.set('a', 6 * MEBIBYTE)
    const onProgress = ({ loaded }: DownloadProgress) => loaded >= 5 * MEBIBYTE && controller.abort(reason)
    const loading = loadFiles([file], { store: openStore(), signal: controller.signal, onProgress })
    await expect(loading).rejects.toBe(reason)
  })
})
