import { describe, expect, it } from 'vitest'
import { truncate } from './truncation'

/** The classes that truncation keeps. */
const kept = (logits: readonly number[], rate: number) =>
  [...truncate(Float64Array.from(logits), rate).entries()].filter(([, logit]) => logit !== -Infinity).map(([k]) => k)

describe('a class is kept if it is the first, or if less than the rate is ranked before it', () => {
  const logits = [0.1, 0.4, 0.2, 0.3].map(Math.log)

  it.each<[number, number[]]>([
    [-1, [1]],
    [0, [1]],
    [0.39, [1]],
    [0.41, [1, 3]],
    [0.71, [1, 2, 3]],
    [0.91, [0, 1, 2, 3]],
  ])('rate %f', (rate, classes) => {
    expect(kept(logits, rate)).toEqual(classes)
  })

  it('strictly less: at the border the class is dropped', () => {
    // Masses of equal logits are exact: 2 of 4 is ranked before the third class.
    expect(kept([0, 0, 0, 0], 0.5)).toEqual([0, 1])
    expect(kept([0, 0, 0, 0], 0.5 + 2 ** -50)).toEqual([0, 1, 2])
  })
})

it('keeps the values of the kept classes, and returns invalid columns unchanged', () => {
  expect([...truncate(Float64Array.of(2, -Infinity, 1), 0.5)]).toEqual([2, -Infinity, -Infinity])
  const invalid = Float64Array.of(1, Number.NaN)
  expect(truncate(invalid, 0.5)).toBe(invalid)
})
