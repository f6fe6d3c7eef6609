import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeCache, fakeLocks } from './fake_cache'
import type { LargeFile } from './large_file'
import { obtain } from './load'
import { Shelf } from './memory_store'
import { PartStore } from './part_store'

const MEBIBYTE = 2 ** 20
/** More than two parts, and no whole number of chunks. */
const SIZE = 10.5 * MEBIBYTE

const content = (seed: number, bytes = SIZE) => Uint8Array.from({ length: bytes }, (_, i) => i * seed)

function fileOf(name: string, bytes: Uint8Array): LargeFile {
  const url = `https://demo.example/${name}`
  return { name, url, place: url, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** A server of these files, with the faults that servers and connections have. */
class Server {
  readonly files = new Map<string, Uint8Array>()
  /** `name` or `name from`, one a request. */
  readonly requests: string[] = []
  /** The connection to this file breaks at this byte, once. */
  readonly breaks = new Map<string, number>()
  /** The connection to this file says nothing more from this byte on, once. */
  readonly stalls = new Map<string, number>()
  knowsRanges = true

  readonly fetch = async (url: string, { headers, signal }: RequestInit): Promise<Response> => {
    const name = url.replace('https://demo.example/', '')
    const asked = Number(new Headers(headers).get('range')?.match(/^bytes=(\d+)-$/)?.[1] ?? 0)
    this.requests.push(asked > 0 ? `${name} ${asked}` : name)
    const bytes = this.files.get(name)
    if (bytes === undefined) return new Response('', { status: 404 })
    const from = this.knowsRanges ? asked : 0
    const body = this.#send(name, bytes, from, signal)
    if (from === 0) return new Response(body)
    const contentRange = `bytes ${from}-${bytes.length - 1}/${bytes.length}`
    return new Response(body, { status: 206, headers: { 'content-range': contentRange } })
  }

  #send(name: string, bytes: Uint8Array, from: number, signal: AbortSignal | null | undefined): ReadableStream {
    const [breakAt, stallAt] = [this.breaks.get(name), this.stalls.get(name)]
    this.breaks.delete(name)
    this.stalls.delete(name)
    let at = from
    return new ReadableStream(
      {
        async pull(controller) {
          signal?.throwIfAborted()
          if (at === breakAt) throw new TypeError('network error')
          if (at === stallAt) await new Promise(() => {})
          if (at === bytes.length) return controller.close()
          const end = Math.min(at + MEBIBYTE, bytes.length, breakAt ?? bytes.length, stallAt ?? bytes.length)
          controller.enqueue(bytes.slice(at, end))
          at = end
        },
      },
      { highWaterMark: 0 },
    )
  }
}

let server: Server
let disk: FakeCache
let shelf: Shelf
const quiet = () => {}
/** What a new tab begins with. */
const openStore = () => new PartStore(shelf, async () => disk.cache)

const [a, b] = [content(1), content(3)]
const [fileA, fileB] = [fileOf('a', a), fileOf('b', b)]

beforeEach(() => {
  server = new Server()
  server.files.set('a', a).set('b', b)
  disk = new FakeCache()
  shelf = new Shelf()
  vi.stubGlobal('fetch', server.fetch)
  vi.stubGlobal('navigator', { locks: fakeLocks() })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Vitest's own comparison takes minutes for so many bytes. */
function expectSame(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(Buffer.compare(actual!, expected)).toBe(0)
}

const obtainA = (store = openStore()) => obtain([fileA], quiet, store)

describe('obtain', () => {
  it('gives every file, with one progress that ends at the total, and stores them', async () => {
    const seen: [number, number][] = []
    const { contents, refusal } = await obtain([fileA, fileB], (...now) => seen.push(now), openStore())
    expectSame(contents[0], a)
    expectSame(contents[1], b)
    expect(refusal).toBeUndefined()
    expect(seen[0]).toEqual([0, 2 * SIZE])
    expect(seen.at(-1)).toEqual([2 * SIZE, 2 * SIZE])
    expect(disk.bytes).toBe(2 * SIZE)
  })

  it('asks the server for nothing the second time', async () => {
    await obtainA()
    server.requests.length = 0
    expectSame((await obtainA()).contents[0], a)
    expect(server.requests).toEqual([])
  })

  it('resumes a download that broke off, also in another tab', async () => {
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await expect(obtainA()).rejects.toThrow('The download of a broke off: the connection failed.')
    expectSame((await obtainA()).contents[0], a)
    expect(server.requests).toEqual(['a', `a ${5.5 * MEBIBYTE}`])
  })

  it('shows what is stored as progress', async () => {
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await obtainA().catch(quiet)
    const seen: number[] = []
    await obtain([fileA], (loaded) => seen.push(loaded), openStore())
    expect(seen.slice(0, 2)).toEqual([0, 5.5 * MEBIBYTE])
  })

  it('begins anew with a server that knows no ranges, and stores nothing twice', async () => {
    for (const at of [5.5, 7]) {
      server.breaks.set('a', at * MEBIBYTE)
      await obtainA().catch(quiet)
    }
    server.knowsRanges = false
    expectSame((await obtainA()).contents[0], a)
    expect(disk.bytes).toBe(a.length)
  })

  it('refuses a file with another checksum and keeps nothing of it', async () => {
    server.files.set('a', content(5))
    await expect(obtainA()).rejects.toThrow('The file a is not the one that this page expects')
    expect(disk.bytes).toBe(0)
    server.files.set('a', a)
    expectSame((await obtainA()).contents[0], a)
  })

  it.each([
    ['shorter', SIZE - 1],
    ['longer', SIZE + MEBIBYTE],
  ])('refuses a file that is %s', async (_, bytes) => {
    server.files.set('a', content(5, bytes))
    await expect(obtainA()).rejects.toThrow('The file a is not the one that this page expects')
  })

  it.each([
    ['other bytes', (part: Uint8Array<ArrayBuffer>) => part.toReversed()],
    ['too many bytes', () => content(5, 2 * SIZE)],
  ])('downloads a file again whose stored parts are %s', async (_, spoil) => {
    await obtainA()
    const [key, part] = disk.entries.entries().next().value!
    disk.entries.set(key, spoil(part))
    server.requests.length = 0
    expectSame((await obtainA()).contents[0], a)
    expect(server.requests).toEqual(['a'])
  })

  it('removes the version before', async () => {
    await obtainA()
    const changed = content(7)
    server.files.set('a', changed)
    const { contents } = await obtain([fileOf('a', changed)], quiet, openStore())
    expectSame(contents[0], changed)
    expect(disk.bytes).toBe(changed.length)
  })

  it('gives up the other files after the first failure, and keeps what came of them', async () => {
    server.breaks.set('a', 2 * MEBIBYTE)
    await expect(obtain([fileA, fileB], quiet, openStore())).rejects.toThrow('The download of a broke off')
    const ofB = disk.bytes - 2 * MEBIBYTE
    expect(ofB).toBeGreaterThan(0)
    expect(ofB).toBeLessThan(b.length)
    await obtain([fileA, fileB], quiet, openStore())
    expect(server.requests).toEqual(['a', 'b', `a ${2 * MEBIBYTE}`, `b ${ofB}`])
  })

  it('tells a failure when what has arrived is stored, and not before', async () => {
    const put = disk.put.bind(disk)
    disk.put = async (...entry) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      await put(...entry)
    }
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await obtainA().catch(quiet)
    expect(disk.bytes).toBe(5.5 * MEBIBYTE)
  })

  it('gives up a connection on which nothing comes any more', async () => {
    vi.useFakeTimers()
    server.stalls.set('a', 6 * MEBIBYTE)
    const failed = expect(obtainA()).rejects.toThrow('The download of a broke off')
    await vi.waitFor(() => expect(disk.bytes).toBe(4 * MEBIBYTE))
    await vi.advanceTimersByTimeAsync(31_000)
    await failed
    expect(disk.bytes).toBe(6 * MEBIBYTE)
  })

  it('downloads a file once for two tabs', async () => {
    const both = await Promise.all([obtainA(), obtainA()])
    for (const { contents } of both) expectSame(contents[0], a)
    expect(server.requests).toEqual(['a'])
  })

  it('shows a tab that waits how far the other one is', async () => {
    vi.useFakeTimers()
    server.stalls.set('a', 6 * MEBIBYTE)
    const first = obtainA().catch(quiet)
    await vi.waitFor(() => expect(disk.bytes).toBe(4 * MEBIBYTE))
    const seen: number[] = []
    const second = obtain([fileA], (loaded) => seen.push(loaded), openStore())
    await vi.advanceTimersByTimeAsync(1100)
    expect(seen).toEqual([0, 4 * MEBIBYTE, 4 * MEBIBYTE])
    await vi.advanceTimersByTimeAsync(31_000)
    await first
    vi.useRealTimers()
    expectSame((await second).contents[0], a)
  })
})

describe('where storage is refused', () => {
  it('keeps in memory what does not fit, and says so', async () => {
    disk.quota = 5 * MEBIBYTE
    const { contents, refusal } = await obtainA()
    expectSame(contents[0], a)
    expect(refusal).toBe('There was no room to store the model, so the next visit downloads it again.')
    expect(disk.bytes).toBeLessThan(disk.quota)
  })

  it.each([
    ['Pages without https cannot store the model', new ReferenceError('caches is not defined')],
    ['The browser refused to store the model', new DOMException('Storage is disabled.', 'SecurityError')],
  ])('resumes from memory: %s', async (reason, error) => {
    // A worker is closed after a failure; the shelf belongs to the page.
    const openStore = () =>
      new PartStore(shelf, async () => {
        throw error
      })
    server.breaks.set('a', 5.5 * MEBIBYTE)
    await obtainA(openStore()).catch(quiet)
    const { contents, refusal } = await obtainA(openStore())
    expectSame(contents[0], a)
    expect(refusal).toBe(`${reason}, so the next visit downloads it again.`)
    expect(server.requests).toEqual(['a', `a ${5.5 * MEBIBYTE}`])
  })

  it('removes wrong bytes from memory too', async () => {
    const store = new PartStore(shelf, async () => {
      throw new DOMException('Storage is disabled.', 'SecurityError')
    })
    server.files.set('a', content(5))
    await obtainA(store).catch(quiet)
    server.files.set('a', a)
    expectSame((await obtainA(store)).contents[0], a)
    expect(server.requests).toEqual(['a', 'a'])
  })
})
