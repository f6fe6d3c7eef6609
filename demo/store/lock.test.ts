import { afterEach, expect, it, vi } from 'vitest'
import { fakeLocks } from './fake_cache'
import { exclusively } from './lock'

afterEach(() => vi.unstubAllGlobals())

it('lets one after another do its work', async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() })
  const log: string[] = []
  const work = (name: string) => async () => {
    log.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve))
    log.push(`${name} ends`)
  }
  await Promise.all([exclusively('x', work('first')), exclusively('x', work('second'))])
  expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
})

it('passes a failure on, and does not try again', async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() })
  const work = vi.fn().mockRejectedValue(new Error('failed'))
  await expect(exclusively('x', work)).rejects.toThrow('failed')
  expect(work).toHaveBeenCalledOnce()
})

it.each([
  ['there are no locks', undefined],
  ['locks are refused', { request: () => Promise.reject(new DOMException('Denied.', 'SecurityError')) }],
])('works at once where %s', async (_, locks) => {
  vi.stubGlobal('navigator', { locks })
  expect(await exclusively('x', async () => 'done')).toBe('done')
})

it('does nothing when it is given up while it waits', async () => {
  const signal = AbortSignal.abort()
  vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(signal.reason) } })
  const work = vi.fn()
  await expect(exclusively('x', work, { signal })).rejects.toBe(signal.reason)
  expect(work).not.toHaveBeenCalled()
})
