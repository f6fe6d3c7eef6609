import { expect, it } from 'vitest'
import { peerNames } from './cases/plan'
import { parseOptions } from './command'

it('reads the command line', () => {
  expect(parseOptions([])).toEqual({ help: false, quick: false, cases: undefined, peers: peerNames, json: undefined })
  const { quick, cases, peers, json } = parseOptions(
    '--quick --only f16,16x4097x1024 --peers tfjs,twin --json x'.split(' '),
  )
  expect([quick, cases!.length, peers, json]).toEqual([true, 6, ['tfjs', 'twin'], 'x'])
  expect(parseOptions(['--peers', 'none']).peers).toEqual([])
})

it('refuses what it does not know', () => {
  expect(() => parseOptions(['--peers', 'torch'])).toThrow("or none; given 'torch'.")
  expect(() => parseOptions(['--only', 'f64'])).toThrow("No case has 'f64' in its name")
  expect(() => parseOptions(['--fast'])).toThrow("Unknown option '--fast'")
})
