import { afterEach, describe, expect, it, vi } from 'vitest'
import { download } from './download'

const answer = (routes: Record<string, () => Response>) =>
  vi.stubGlobal('fetch', async (url: string) => {
    const route = routes[url]
    if (route === undefined) throw new TypeError('Failed to fetch')
    return route()
  })
const file = (name: string, bytes: number) => ({ name, url: `/${name}`, bytes })

afterEach(() => vi.unstubAllGlobals())

describe('download', () => {
  it('gives the bytes of every file and one progress that ends at the total', async () => {
    answer({ '/a': () => new Response(Uint8Array.of(1, 2, 3)), '/b': () => new Response(Uint8Array.of(4)) })
    const seen: [number, number][] = []
    const files = await download([file('a', 3), file('b', 1)], (loaded, total) => seen.push([loaded, total]))
    expect(files.map((bytes) => [...bytes])).toEqual([[1, 2, 3], [4]])
    expect(seen[0]).toEqual([0, 4])
    expect(seen.at(-1)).toEqual([4, 4])
  })
  it('never reports more than all, though a file be larger than was thought', async () => {
    answer({ '/a': () => new Response(new Uint8Array(50)) })
    const seen: number[] = []
    await download([file('a', 10)], (loaded) => seen.push(loaded))
    expect(Math.max(...seen)).toBe(10)
  })
  it('names a file that is not there', async () => {
    answer({ '/a': () => new Response('gone', { status: 404 }), '/b': () => new Response('b') })
    await expect(download([file('a', 1), file('b', 1)], () => {})).rejects.toThrow(
      'The file a is missing: the server answered 404.',
    )
  })
  it('does not take a web page for a file', async () => {
    answer({ '/a': () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }) })
    await expect(download([file('a', 1)], () => {})).rejects.toThrow(
      'The file a is missing: the server sent a web page',
    )
  })
  it('names the file whose connection failed', async () => {
    answer({})
    await expect(download([file('a', 1)], () => {})).rejects.toThrow('The file a could not be downloaded')
  })
  it('names the file whose download broke off', async () => {
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(2)),
      pull: (controller) => controller.error(new TypeError('network error')),
    })
    answer({ '/a': () => new Response(broken) })
    await expect(download([file('a', 4)], () => {})).rejects.toThrow('The download of a broke off')
  })
})
