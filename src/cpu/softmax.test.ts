import { describe, expect, it, vi } from 'vitest'
import { pseudoLogits } from '../../test/support/inputs'
import { expNegative } from './exp'
import { softmaxOf } from './softmax'

it('expNegative is e^x, to a relative error of 2⁻⁵¹ (1 + |x|)', () => {
  expect(expNegative(0)).toBe(1)
  let worst = 0
  for (let x = -64; x <= 0; x += 1 / 1021) worst = Math.max(worst, Math.abs(expNegative(x) / Math.exp(x) - 1) / (1 - x))
  expect(worst).toBeLessThan(2 ** -51)
})

describe('softmaxOf', () => {
  const columns: [string, Float64Array][] = [
    ['steep', Float64Array.from(pseudoLogits(4096, 1, 80))],
    ['nearly flat', Float64Array.from(pseudoLogits(4096, 2, 1e-3))],
    ['far from 0', Float64Array.from(pseudoLogits(4096, 3, 30), (logit) => logit - 5000)],
    ['with excluded classes', Float64Array.of(-Infinity, 2, -Infinity, 1)],
    ['of one class', Float64Array.of(7)],
  ]
  it.each(columns)('of a column, %s, is that by definition', (_, logits) => {
    const high = Math.max(...logits)
    const below = [...logits].filter((logit) => logit > -Infinity).map((logit) => logit - high)
    const total = below.reduce((sum, x) => sum + Math.exp(x), 0)
    const weighted = below.reduce((sum, x) => sum + x * Math.exp(x), 0)
    const got = softmaxOf(logits)
    expect(got.high).toBe(high)
    expect(Math.abs(got.total / total - 1)).toBeLessThan(1e-14)
    expect(Math.abs(got.weighted - weighted)).toBeLessThan(1e-14 * total)
  })

  it.each([
    ['NaN', [1, NaN, 2], NaN],
    ['NaN before +∞', [NaN, Infinity], NaN],
    ['+∞', [1, Infinity, 2], Infinity],
    ['no finite logit', [-Infinity, -Infinity], -Infinity],
  ])('of a column with %s has no sums', (_, logits, high) => {
    expect(softmaxOf(Float64Array.from(logits))).toEqual({ high, total: 0, weighted: 0 })
  })

  it('calls no function of Math for each class, which would take longer than all else', () => {
    const logits = Float64Array.from(pseudoLogits(4096, 4, 60))
    const calls = (['exp', 'log', 'max'] as const).map((name) => vi.spyOn(Math, name))
    softmaxOf(logits)
    const count = calls.reduce((sum, { mock }) => sum + mock.calls.length, 0)
    vi.restoreAllMocks()
    // Some for each logit that is higher than all before it.
    expect(count).toBeLessThan(40)
  })
})
