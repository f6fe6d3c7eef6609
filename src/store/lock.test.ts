import { afterEach, expect, it, vi } from 'vitest'
import { fakeLocks } from './fake_storage'
import { withLock } from './lock'

afterEach(() => vi.unstubAllGlobals())

it('runs work of one name one after another', async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() })
  const log: string[] = []
  const work = (name: string) => async () => {
    log.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve))
    log.push(`${name} ends`)
  }
  await Promise.all([withLock('x', work('first')), withLock('x', work('second'))])
  expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
})

it('rejects as the work does, and does not repeat it', async () => {
  vi.stubGlobal('navigator', { locks: fakeLocks() })
  const work = vi.fn().mockRejectedValue(new Error('failed'))
  await expect(withLock('x', work)).rejects.toThrow('failed')
  expect(work).toHaveBeenCalledOnce()
})

it.each([
  ['there are no locks', undefined],
  ['the browser refuses locks', { request: () => Promise.reject(new DOMException('Denied.', 'SecurityError')) }],
])('runs the work at once if %s', async (_, locks) => {
  vi.stubGlobal('navigator', { locks })
  expect(await withLock('x', async () => 'done')).toBe('done')
})

it('does not run the work if aborted while it waits', async () => {
  const signal = AbortSignal.abort()
  vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(signal.reason) } })
  const work = vi.fn()
  await expect(withLock('x', work, { signal })).rejects.toBe(signal.reason)
  expect(work).not.toHaveBeenCalled()
})
