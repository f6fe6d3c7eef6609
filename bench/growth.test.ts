import { expect, it } from 'vitest'
import { growthAlong } from './growth'
import { rowNames } from './names'
import type { Result } from './results'

function row(B: number, N: number, median_us: number | null, changes: Partial<Result> = {}): Result {
  return {
    ...{ peer: rowNames.ours, kind: 'ours', runs_on: 'WebGPU', layout: 'pixel-major', dtype: 'f32', mode: 'plain' },
    ...{ B, C: 9, N, phase: 'last step', median_us, p10_us: median_us, p90_us: median_us, samples: 3 },
    timed_by: 'wall clock',
    ...changes,
  } as Result
}

it('takes the longest series along an axis, in rising order, and nothing else', () => {
  const results = [
    ...[row(4, 16, 40), row(1, 16, 10), row(2, 16, 20)],
    ...[row(1, 32, 99), row(8, 16, 1, { dtype: 'f16' }), row(8, 16, 1, { mode: 'guided' }), row(8, 16, null)],
    row(1, 16, 5, { peer: rowNames.readOnce, phase: 'any step' }),
  ]
  const { fixed, curves } = growthAlong('B', results)!
  expect(fixed).toBe('C = 9, N = 16')
  expect(curves.map(({ name, points }) => [name, points.map(({ x, median, tokens }) => [x, median, tokens])])).toEqual([
    [
      'last step (all columns)',
      [
        [1, 10, 16],
        [2, 20, 32],
        [4, 40, 64],
      ],
    ],
    ['floor: read once', [[1, 5, 16]]],
  ])
})

it('has nothing to show where sizes do not differ', () => {
  expect(growthAlong('C', [row(1, 16, 10), row(2, 16, 10)])).toBeUndefined()
})
