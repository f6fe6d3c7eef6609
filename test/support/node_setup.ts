import { afterAll, vi } from 'vitest'

/** Files share the threads that they run in, so each leaves its thread as it was. */
afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
