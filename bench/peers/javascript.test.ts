import { expect, it } from 'vitest'
import { truncate } from '../../src/cpu/truncation'
import { truncateMasses } from './javascript'

/** The cut is the twin's: random columns, ties, few classes, every kind of rate. */
it.each([
  ['random', 300, (k: number) => Math.sin(k * k) * 8],
  ['steep', 300, (k: number) => -k],
  ['with ties', 64, (k: number) => k % 3],
  ['flat', 40, () => 0],
  ['of one class', 1, () => 2],
])('keeps the classes that the twin keeps: %s', (_, length, logit) => {
  const logits = Float64Array.from({ length }, (_, k) => logit(k))
  for (const rate of [1e-6, 0.1, 0.5, 0.86, 0.999]) {
    const masses = logits.map(Math.exp)
    truncateMasses(masses, rate, new Float64Array(length))
    expect([...masses]).toEqual([...truncate(logits, rate).map(Math.exp)])
  }
})
