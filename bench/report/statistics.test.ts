import { expect, it } from 'vitest'
import { spread } from './statistics'

it('interpolates between neighbours, in any order, and leaves the samples unchanged', () => {
  const samples = [9, 100, 1]
  expect(spread(samples)).toEqual({ median: 9, p10: expect.closeTo(2.6), p90: expect.closeTo(81.8) })
  expect(samples).toEqual([9, 100, 1])
  expect(spread([40, 10, 20, 30]).median).toBe(25)
  expect(spread([7])).toEqual({ median: 7, p10: 7, p90: 7 })
})
