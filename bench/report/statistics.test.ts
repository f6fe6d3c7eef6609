import { expect, it } from 'vitest'
import { quantile, spread } from './statistics'

it('interpolates quantiles between neighbours; NaN of none', () => {
  expect(quantile([10, 20, 30, 40], 0.5)).toBe(25)
  expect(quantile([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.1)).toBe(1)
  expect([0, 0.5, 1].map((q) => quantile([7], q))).toEqual([7, 7, 7])
  expect(quantile([], 0.5)).toBeNaN()
})

it('spreads samples of any order and leaves them unchanged', () => {
  const samples = [9, 100, 1]
  expect(spread(samples)).toEqual({ median: 9, p10: expect.closeTo(2.6), p90: expect.closeTo(81.8) })
  expect(samples).toEqual([9, 100, 1])
})
