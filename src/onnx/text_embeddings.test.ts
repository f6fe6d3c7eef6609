import { expect, it } from 'vitest'
import { OptionError, ShapeError } from '../errors'
import { toImages } from './images'
import { conditionText, normaliseTextEmbeddings } from './text_embeddings'

const embeddings = (shape: number[], ...data: number[]) => ({ data: Float32Array.from(data), shape })
/** Two prompts of one token with two features. */
const hidden = embeddings([2, 1, 2], 3, 4, 0, 2)

it('every token’s vector has length 1', () => {
  expect([...normaliseTextEmbeddings(hidden).data]).toEqual([3 / 5, 4 / 5, 0, 1].map(Math.fround))
})

it('each prompt is repeated for its images, next to itself', () => {
  const { data, shape } = conditionText(hidden, { imagesPerPrompt: 2 })
  expect(shape).toEqual([4, 1, 2])
  expect([...data]).toEqual([0.6, 0.8, 0.6, 0.8, 0, 1, 0, 1].map(Math.fround))
})

it('the learned table comes first and as it is', () => {
  const { data, shape } = conditionText(hidden, { unconditional: embeddings([1, 2], 5, 12) })
  expect(shape).toEqual([4, 1, 2])
  expect([...data]).toEqual([5, 12, 5, 12, 0.6, 0.8, 0, 1].map(Math.fround))
})

it('negative prompts are normalised, one for all or one for each', () => {
  const one = conditionText(hidden, { unconditional: embeddings([1, 1, 2], 5, 0) })
  expect([...one.data.slice(0, 4)]).toEqual([1, 0, 1, 0])
  const each = conditionText(hidden, { imagesPerPrompt: 2, unconditional: embeddings([2, 1, 2], 5, 0, 0, 7) })
  expect([...each.data.slice(0, 8)]).toEqual([1, 0, 1, 0, 0, 1, 0, 1])
})

it.each([
  [() => conditionText(embeddings([2, 2], 1, 2, 3, 4)), ShapeError],
  [() => conditionText(embeddings([2, 1, 2], 1)), ShapeError],
  [() => conditionText(hidden, { unconditional: embeddings([2, 2], 1, 2, 3, 4) }), ShapeError],
  [() => conditionText(hidden, { unconditional: embeddings([3, 1, 2], 1, 2, 3, 4, 5, 6) }), ShapeError],
  [() => conditionText(hidden, { imagesPerPrompt: 0 }), OptionError],
  [() => toImages({ data: new Float32Array(4), shape: [1, 4] }), ShapeError],
])('refuses what does not fit: %s', (call, error) => {
  expect(call).toThrow(error)
})

it('images are clamped to 0 … 1, channels last', () => {
  const { data, shape } = toImages({ data: Float32Array.of(-1, 0, 1, 3, -3, 0.5), shape: [1, 3, 1, 2] })
  expect(shape).toEqual([1, 1, 2, 3])
  expect([...data]).toEqual([0, 1, 0, 0.5, 1, 0.75])
})
