import { expect, it } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatMilliseconds, formatPercent } from './format'

it('rounds percents, but neither to 0 nor to 100', () => {
  expect([0, 0.001, 0.4141, 0.999, 1].map(formatPercent)).toEqual(['0 %', '1 %', '41 %', '99 %', '100 %'])
})

it('says durations as people do', () => {
  const seconds = [0.4, 9.4, 12, 23, 89, 90, 150, 420, 5399, 5400, 9000]
  expect(seconds.map((seconds) => formatDuration(1000 * seconds))).toEqual([
    'about 1 second',
    'about 9 seconds',
    'about 10 seconds',
    'about 25 seconds',
    'about 90 seconds',
    'about 2 minutes',
    'about 3 minutes',
    'about 7 minutes',
    'about 90 minutes',
    'about 2 hours',
    'about 3 hours',
  ])
})

it('formats milliseconds with few digits', () => {
  expect([0, 0.042, 0.994, 1, 9.94, 9.95, 999.4].map(formatMilliseconds)).toEqual([
    '0.00 ms',
    '0.04 ms',
    '0.99 ms',
    '1.0 ms',
    '9.9 ms',
    '10 ms',
    '999 ms',
  ])
  expect([999.5, 2412, 9994, 9996, 55_000].map(formatMilliseconds)).toEqual([
    '1.00 s',
    '2.41 s',
    '9.99 s',
    '10.0 s',
    '55.0 s',
  ])
})

it('formats bytes in decimal units', () => {
  expect([0, 1, 2048, 64_000_000, 1_234_000_000].map(formatBytes)).toEqual([
    '0 kB',
    '1 kB',
    '3 kB',
    '64.0 MB',
    '1.2 GB',
  ])
})

it('uses the plural for every count but 1', () => {
  expect([0, 1, 2].map((count) => formatCount(count, 'step'))).toEqual(['0 steps', '1 step', '2 steps'])
})
