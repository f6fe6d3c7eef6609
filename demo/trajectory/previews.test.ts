import { expect, it, vi } from 'vitest'
import type { Tokens } from '../worker/protocol'
import { Previews } from './previews'

const pictures = Array.from({ length: 5 }, (_, i) => Uint16Array.of(i))
const settled = () => new Promise((resolve) => setTimeout(resolve))

/** A decoder whose calls finish by `done`, with the pictures it was called with and those that were closed. */
function slowDecoder() {
  const requested: number[] = []
  const closed: number[] = []
  const finish: ((error?: Error) => void)[] = []
  const decode = vi.fn((tokens: Tokens) => {
    requested.push(tokens[0]!)
    const bitmap = { of: tokens[0], close: () => closed.push(tokens[0]!) } as unknown as ImageBitmap
    return new Promise<ImageBitmap>((resolve, reject) => {
      finish.push((error) => (error ? reject(error) : resolve(bitmap)))
    })
  })
  const done = async (error?: Error) => {
    finish.shift()!(error)
    await settled()
  }
  return { requested, closed, done, decode }
}

it('decodes one at a time, and then only the latest request', async () => {
  const { requested, done, decode } = slowDecoder()
  const previews = new Previews(decode)
  const requests = pictures.map((tokens) => previews.request(tokens))
  expect(requested).toEqual([0])
  await done()
  expect(requested).toEqual([0, 4])
  await done()
  expect((await Promise.all(requests)).map((bitmap) => (bitmap as { of?: number } | undefined)?.of)).toEqual([
    0,
    undefined,
    undefined,
    undefined,
    4,
  ])
})

it('does not decode again what is cached or in progress', async () => {
  const { requested, done, decode } = slowDecoder()
  const previews = new Previews(decode)
  const first = previews.request(pictures[0]!)
  const again = previews.request(pictures[0]!)
  await done()
  expect(await again).toBe(await first)
  expect(previews.get(pictures[0]!)).toBe(await first)
  expect(await previews.request(pictures[0]!)).toBe(await first)
  expect(requested).toEqual([0])
})

it('keeps the most recently used bitmaps and closes the others', async () => {
  const { closed, done, decode } = slowDecoder()
  const previews = new Previews(decode, 2)
  for (const i of [0, 1]) {
    previews.request(pictures[i]!)
    await done()
  }
  previews.get(pictures[0]!)
  previews.request(pictures[2]!)
  await done()
  expect(closed).toEqual([1])
  expect(pictures.map((tokens) => previews.get(tokens) !== undefined)).toEqual([true, false, true, false, false])
  previews.clear()
  expect(closed).toEqual([1, 0, 2])
  expect(previews.get(pictures[0]!)).toBeUndefined()
})

it('rejects only the failed request', async () => {
  const { done, decode } = slowDecoder()
  const previews = new Previews(decode)
  const failed = previews.request(pictures[0]!)
  const next = previews.request(pictures[1]!)
  const rejected = expect(failed).rejects.toThrow('lost')
  await done(new Error('lost'))
  await rejected
  await done()
  expect(await next).toMatchObject({ of: 1 })
})

it('resolves a waiting request when cleared', async () => {
  const { requested, done, decode } = slowDecoder()
  const previews = new Previews(decode)
  previews.request(pictures[0]!)
  const waiting = previews.request(pictures[1]!)
  previews.clear()
  expect(await waiting).toBeUndefined()
  await done()
  expect(requested).toEqual([0])
})
