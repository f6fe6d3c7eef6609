import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { ithq } from '../../../test/convert/full_size/models'
import { textEncoderWeights, transformerWeights, vqvaeWeights } from './architecture'

/** Of the published ITHQ model: keys, weights, and the digest of the list of keys and shapes of the real classes. */
const weightsOf = {
  transformer: transformerWeights(ithq.transformer),
  vqvae: vqvaeWeights(ithq.vqvae, 64),
  text_encoder: textEncoderWeights(ithq.textEncoder),
}

// The position tables' rows are those of the file: 32.
const line = ([name, shape]: readonly [string, readonly (number | undefined)[]]) =>
  `${name}\t[${shape.map((size) => size ?? 32).join(', ')}]`

it.each([
  ['transformer', 1015, 1_359_274_624, '4ea96739b7cc5656'],
  ['vqvae', 303, 64_009_667, '7e7cf1e3c6dc4f31'],
  ['text_encoder', 196, 63_165_952, 'ca303e9d80ba7de5'],
] as const)("knows ITHQ's %s", (network, keys, weights, digest) => {
  const list = [...weightsOf[network]]
  expect(list.length).toBe(keys)
  const sizes = list.map(([, shape]) => shape.reduce<number>((product, size) => product * (size ?? 32), 1))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(weights)
  const text = list.map(line).toSorted().join('\n')
  expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe(digest)
})
