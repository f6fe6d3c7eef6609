import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { OptionError } from '../errors'
import { PreviewClock } from './preview'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const later = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** Steps with a preview, when steps and decodings take so long, in a chain of a pipeline that has decoded before or not. */
async function previewed(every: number | 'auto', steps: number, stepTime: number, decodeTime: number, measured = {}) {
  const clock = new PreviewClock(every, measured)
  const seen: number[] = []
  for (let step = 0; step < steps; step++) {
    await vi.advanceTimersByTimeAsync(stepTime)
    if (clock.due(step)) {
      seen.push(step)
      clock.time(later(decodeTime), Promise.resolve())
      await vi.advanceTimersByTimeAsync(decodeTime)
    }
    clock.stepTook(stepTime)
  }
  return seen
}

it('automatic previews cost at most an eighth of the time, after the first, which measures the decoder', async () => {
  expect(await previewed('auto', 8, 100, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(await previewed('auto', 24, 100, 100)).toEqual([0, 8, 16])
  expect(await previewed('auto', 24, 100, 150)).toEqual([0, 12])
})

it('later chains of a pipeline wait for the time that a preview may take', async () => {
  const measured = {}
  expect(await previewed('auto', 8, 100, 100, measured)).toEqual([0])
  expect(await previewed('auto', 8, 100, 100, measured)).toEqual([])
  expect(await previewed('auto', 18, 100, 100, measured)).toEqual([8, 16])
  expect(await previewed(4, 8, 100, 100, measured)).toEqual([0, 4])
})

it('a decoding is timed from when its step has finished', async () => {
  const clock = new PreviewClock('auto', {})
  expect(clock.due(0)).toBe(true)
  clock.stepTook(100)
  clock.time(later(110), later(100)) // 10 ms of decoding
  await vi.advanceTimersByTimeAsync(110)
  expect(clock.due(1)).toBe(true)
})

it.each([-1, 0.5, Number.NaN])('refuses every %s-th step', (every) => {
  expect(() => new PreviewClock(every, {})).toThrow(OptionError)
})
