import { expect, it } from 'vitest'
import { sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import type { Tokens } from './protocol'
import { maskTokens, sureness } from './sureness'

const MASK_CLASS = STICKERS.grid.numCodes
const NUM_LATENT_PIXELS = sizeOf(STICKERS.grid)
const K = 4
const tokens: Tokens = Uint16Array.from({ length: NUM_LATENT_PIXELS }, (_, cell) => cell % K)
const masked = [...maskTokens(tokens, MASK_CLASS)].map((token) => token === MASK_CLASS)

/** Logits in which each token has a value of its own, above the others, which are −3. */
function logitsOf(logit: (cell: number) => number): Float32Array {
  return Float32Array.from({ length: NUM_LATENT_PIXELS * K }, (_, i) => {
    const cell = Math.floor(i / K)
    return i % K === tokens[cell] ? logit(cell) : -3
  })
}

it('masks 63 % of the tokens, spread over all rows and columns, and leaves the others', () => {
  expect(masked.filter(Boolean).length / NUM_LATENT_PIXELS).toBeCloseTo(0.63, 2)
  for (let line = 0; line < 16; line++) {
    const row = masked.filter((isMasked, cell) => isMasked && Math.floor(cell / 16) === line).length
    const column = masked.filter((isMasked, cell) => isMasked && cell % 16 === line).length
    for (const count of [row, column]) expect(Math.abs(count - 10)).toBeLessThan(4)
  }
  expect(maskTokens(tokens, MASK_CLASS).filter((token, cell) => !masked[cell] && token !== tokens[cell])).toEqual(
    new Uint16Array(),
  )
})

it('is the mean log-likelihood of the masked tokens alone', () => {
  // log p = x − log(eˣ + 3 e⁻³) for the token's logit x
  const logP = (logit: number) => logit - Math.log(Math.exp(logit) + 3 * Math.exp(-3))
  const ofMasked = (logit: number) =>
    sureness(
      logitsOf((cell) => (masked[cell] ? logit : 9)),
      tokens,
    )
  expect(ofMasked(2)).toBeCloseTo(logP(2), 5)
  const cells = masked.flatMap((isMasked, cell) => (isMasked ? [cell] : []))
  const half = cells.filter((_, i) => i % 2 === 0)
  const mean = (half.length * logP(2) + (cells.length - half.length) * logP(1)) / cells.length
  expect(
    sureness(
      logitsOf((cell) => (half.includes(cell) ? 2 : 1)),
      tokens,
    ),
  ).toBeCloseTo(mean, 5)
})

it('stays finite for large logits', () => {
  expect(
    sureness(
      logitsOf(() => -1000),
      tokens,
    ),
  ).toBeCloseTo(-997 - Math.log(3), 3)
})
