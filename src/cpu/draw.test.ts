import { expect, it, vi } from 'vitest'
import { pseudoLogits } from '../../test/support/inputs'
import { drawX0, type PixelStream } from './draw'
import { classTailWords, classWords, exponential, Purpose, pixelKey } from './random'

const at = (pixel: number): PixelStream => ({ stream: { item: 1, seed: [5, 6] }, pixel, counter: 7 })

/** The Gumbel argmax by definition: the noise of every class. */
function byDefinition(
  logits: Float64Array,
  { stream, pixel, counter }: PixelStream,
  classes: Iterable<number>,
): number {
  const key = pixelKey(stream, pixel, counter, Purpose.x0)
  let [best, bestScore] = [-1, -Infinity]
  for (const k of classes) {
    const word = classWords(key, k >> 2)[k & 3]!
    const score = logits[k]! - Math.log(exponential(word, () => classTailWords(key, k >> 2)[k & 3]!))
    if (score > bestScore) [best, bestScore] = [k, score]
  }
  return best
}

it.each([
  ['flat', 300, 0],
  ['gentle', 301, 4],
  ['steep', 1022, 90],
  ['of one class', 1, 1],
])('draws the class that has the highest score, of all and of some: %s', (_, numCodes, range) => {
  for (let pixel = 0; pixel < 100; pixel++) {
    const logits = Float64Array.from(pseudoLogits(numCodes, pixel, range))
    expect(drawX0(logits, at(pixel))).toBe(byDefinition(logits, at(pixel), logits.keys()))
    const some = [...logits.keys()].filter((k) => k % 3 === 0)
    expect(drawX0(logits, at(pixel), some)).toBe(byDefinition(logits, at(pixel), some))
  }
})

it('draws nothing from no class, from excluded ones, and where a logit is NaN or +∞', () => {
  expect(drawX0(Float64Array.of(1, 2), at(0), [])).toBeNull()
  expect(drawX0(new Float64Array(5).fill(-Infinity), at(0))).toBeNull()
  for (const invalid of [NaN, Infinity])
    for (let k = 0; k < 6; k++) {
      const logits = Float64Array.of(50, 0, -50, 0, 1, 2)
      logits[k] = invalid
      expect(drawX0(logits, at(0))).toBeNull()
    }
})

it('takes the logarithms of few classes', () => {
  const logits = new Float64Array(4096)
  const log = vi.spyOn(Math, 'log')
  for (let pixel = 0; pixel < 20; pixel++) drawX0(logits, at(pixel))
  const calls = log.mock.calls.length
  vi.restoreAllMocks()
  // Those whose random word has as many leading zeros as the best's, or nearly.
  expect(calls / 20).toBeLessThan(100)
})
