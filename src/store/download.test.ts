import { afterEach, expect, it, vi } from 'vitest'
import { openDownload } from './download'

/** Stubs `fetch` with these responses, in order; returns the Range header of each request. */
function answer(...answers: (() => Response)[]): (string | null)[] {
  const ranges: (string | null)[] = []
  vi.stubGlobal('fetch', async (_: string, { headers }: RequestInit) => {
    const next = answers[ranges.length]
    ranges.push(new Headers(headers).get('range'))
    if (next === undefined) throw new TypeError('Failed to fetch')
    return next()
  })
  return ranges
}

const whole = () => new Response('whole')
const rest = (contentRange: string) => () =>
  new Response('rest', { status: 206, headers: { 'content-range': contentRange } })
const file = { name: 'a', url: '/a' }

async function read(from?: number) {
  const download = await openDownload(file, from === undefined ? {} : { from })
  return [download.from, await new Response(download.body).text()]
}

afterEach(() => vi.unstubAllGlobals())

it('requests a complete file', async () => {
  const ranges = answer(whole)
  expect(await read()).toEqual([0, 'whole'])
  expect(ranges).toEqual([null])
})

it('requests the rest of a file', async () => {
  const ranges = answer(rest('bytes 5-8/9'))
  expect(await read(5)).toEqual([5, 'rest'])
  expect(ranges).toEqual(['bytes=5-'])
})

it('accepts the complete file from a server that ignores Range headers', async () => {
  answer(whole)
  expect(await read(5)).toEqual([0, 'whole'])
})

it.each([
  ['has no such byte', () => new Response('', { status: 416 })],
  ['sends another range', rest('bytes 50-53/54')],
])('requests the complete file when the server %s', async (_, first) => {
  const ranges = answer(first, whole)
  expect(await read(5)).toEqual([0, 'whole'])
  expect(ranges).toEqual(['bytes=5-', null])
})

it('names a missing file', async () => {
  answer(() => new Response('gone', { status: 404 }))
  await expect(openDownload(file)).rejects.toThrow('The file a is missing: the server answered 404.')
})

it('rejects a web page in place of a file', async () => {
  answer(() => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }))
  await expect(openDownload(file)).rejects.toThrow('The file a is missing: the server sent a web page in its place.')
})

it('names the file whose connection failed', async () => {
  answer()
  await expect(openDownload(file)).rejects.toThrow('The file a could not be downloaded: the connection failed.')
})
