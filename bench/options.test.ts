import { expect, it } from 'vitest'
import { allSizes, peerNames } from './cases/plan'
import { parseOptions } from './options'

it('chooses nothing by default', () => {
  const { quick, sizes, only, peers, patience, pictures } = parseOptions([])
  expect([quick, sizes, only, peers]).toEqual([false, undefined, [], peerNames])
  expect(patience.secondsPerRow).toBe(0.5)
  expect(pictures).toBe(true)
})

it('reads lists', () => {
  const line = '--sizes 2x9x16,all --only class-major,f16,f32,truncated --peers tfjs'
  const { sizes, only, peers } = parseOptions(line.split(' '))
  expect(sizes).toEqual([{ B: 2, C: 9, N: 16 }, ...allSizes])
  expect(only).toEqual(['class-major', 'f16', 'f32', 'guided + truncated'])
  expect(peers).toEqual(['tfjs'])
})

it('has no peers with none', () => {
  expect(parseOptions(['--quick', '--peers', 'none'])).toMatchObject({ quick: true, peers: [] })
})

it.each([
  ['--sizes 4097x1024', "A size is BxCxN, as 1x4097x1024, with C at least 3, or 'all'; given '4097x1024'."],
  ['--sizes 1x2x3', 'with C at least 3'],
  ['--only row-major', "--only takes pixel-major, class-major, f32, f16, plain, guided, truncated; given 'row-major'."],
  ['--only guided+truncated', "given 'guided+truncated'."],
  ['--peers torch', "given 'torch'"],
  ['--seconds 0', "--seconds takes a positive number; given '0'."],
  ['--fast', 'See --help.'],
  ['stray', 'See --help.'],
])('refuses %s', (line, message) => {
  expect(() => parseOptions(line.split(' '))).toThrow(message)
})
