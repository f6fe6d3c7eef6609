import { describe, expect, it } from 'vitest'
import { pseudoLogits } from '../../test/support/inputs'
import { keptClasses, truncate } from './truncation'

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

describe('without sorting all classes keeps those that the ranking keeps', () => {
  /** By the definition: all classes ranked, the mass before each in that order. */
  const ranked = (logits: Float64Array, rate: number) => {
    const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b)
    const mass = (k: number) => Math.exp(logits[k]! - logits[order[0]!]!)
    const total = order.reduce((sum, k) => sum + mass(k), 0)
    let before = 0
    const kept = order.filter((k, rank) => {
      const isKept = rank === 0 || before < rate * total
      before += mass(k)
      return isKept
    })
    return kept.sort((a, b) => a - b)
  }

  it.each<[string, Float64Array]>([
    ['flat', new Float64Array(64)],
    ['gentle', Float64Array.from(pseudoLogits(500, 1, 4))],
    ['steep', Float64Array.from(pseudoLogits(500, 2, 80))],
    ['full of ties', Float64Array.from({ length: 300 }, (_, k) => k % 4)],
    ['with excluded classes', Float64Array.from({ length: 300 }, (_, k) => (k % 5 ? -Infinity : k % 7))],
    ['one high class', Float64Array.from({ length: 300 }, (_, k) => (k === 200 ? 20 : 0))],
    ['of one class', Float64Array.of(3)],
  ])('%s', (_, logits) => {
    for (const rate of [-1, 0, 1e-9, 0.1, 0.5, 0.7, 0.86, 0.999, 1 - 1e-9])
      expect(keptClasses(logits, rate)).toEqual(ranked(logits, rate))
  })

  it('none of a column from which nothing can be drawn', () => {
    for (const invalid of [NaN, Infinity]) expect(keptClasses(Float64Array.of(1, invalid), 0.5)).toEqual([])
    expect(keptClasses(new Float64Array(3).fill(-Infinity), 0.5)).toEqual([])
  })
})
