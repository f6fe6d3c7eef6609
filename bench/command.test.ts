import { expect, it } from 'vitest'
import { allSizes, peerNames } from './cases/plan'
import { parseOptions } from './command'

it('chooses nothing by default', () => {
  const nothing = { help: false, quick: false, json: undefined, sizes: undefined, only: [], peers: peerNames }
  expect(parseOptions([])).toEqual(nothing)
})

it('reads flags and lists', () => {
  const line = '--quick --sizes 2x9x16,all --only class-major,f16,truncated --peers tfjs'
  expect(parseOptions(line.split(' '))).toMatchObject({
    quick: true,
    sizes: [{ B: 2, C: 9, N: 16 }, ...allSizes],
    only: ['class-major', 'f16', 'guided + truncated'],
    peers: ['tfjs'],
  })
  expect(parseOptions(['--peers', 'none']).peers).toEqual([])
})

it.each([
  ['--sizes 4097x1024', "A size is BxCxN, as 1x4097x1024, with C at least 3, or 'all'; given '4097x1024'."],
  ['--sizes 1x2x3', 'with C at least 3'],
  ['--only row-major', "--only takes pixel-major, class-major, f32, f16, plain, guided, truncated; given 'row-major'."],
  ['--peers torch', "given 'torch'"],
  ['--fast', 'See --help.'],
])('refuses %s', (line, message) => {
  expect(() => parseOptions(line.split(' '))).toThrow(message)
})
