import { expect, it } from 'vitest'
import { checkTokens } from './refusal'

const got = Uint32Array.of(1, 2, 3, 4)
const tolerance = { margin: 0.1, share: 0.5 }

it('accepts equal tokens without asking for margins', () => {
  checkTokens('x', got, [1, 2, 3, 4], tolerance, () => expect.unreachable())
})

it('accepts a near tie, but no clear difference, and not too many ties', () => {
  checkTokens('x', got, [1, 2, 3, 9], tolerance, (token, a, b) => (token === 3 && a === 4 && b === 9 ? 0.09 : 1))
  expect(() => checkTokens('x', got, [1, 2, 3, 9], tolerance, () => 0.1)).toThrow(
    'x: token 3 is 4 instead of 9, whose noised score is 0.1 away',
  )
  expect(() => checkTokens('x', got, [1, 2, 3, 9], tolerance, () => NaN)).toThrow('NaN away')
  expect(() => checkTokens('x', got, [9, 9, 9, 4], tolerance, () => 0)).toThrow('x: 3 of 4 tokens differ')
})

it('accepts one near tie among few tokens', () => {
  checkTokens('x', got, [1, 2, 3, 9], { margin: 0.1, share: 1e-3 }, () => 0)
})

it('refuses another number of tokens', () => {
  expect(() => checkTokens('x', got, [1], tolerance, () => 0)).toThrow('4 tokens were given, 1 are right')
})
