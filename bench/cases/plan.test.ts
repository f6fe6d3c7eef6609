import { expect, it } from 'vitest'
import { casesWith, caseText, type PlannedCase, peerNames, planOf } from './plan'

const everything = { quick: false, cases: undefined, peers: peerNames }
const sizesOf = (plan: readonly PlannedCase[]) => new Set(plan.map(({ B, C, N }) => `${B}x${C}x${N}`))

it('measures everything on a GPU: seven sizes, two layouts, two dtypes, three modes, all peers', () => {
  const plan = planOf(everything, false)
  expect(new Set(plan.map(caseText)).size).toBe(84)
  expect(plan.every(({ peers }) => peers.length === peerNames.length)).toBe(true)
})

it('leaves out what is too slow on a software adapter, but no size and no layout', () => {
  const plan = planOf(everything, true)
  expect(plan).toHaveLength(25)
  expect(plan.filter((one) => caseText(one).startsWith('1x4097x1024 '))).toHaveLength(12)
  for (const layout of ['pixel-major', 'class-major'])
    expect(sizesOf(plan.filter((one) => one.layout === layout)).size).toBe(7)
  expect(plan.find(({ B }) => B === 16)!.peers).toEqual(['dense', 'javascript', 'twin'])
  expect(plan.find(({ N }) => N === 256)!.peers).toEqual(peerNames)
  expect(plan.find(({ dtype }) => dtype === 'f16')!.peers).toEqual(['dense'])
})

it('has three cases in a quick run', () => {
  const plan = planOf({ ...everything, quick: true }, true)
  expect(plan.map((one) => [caseText(one), one.peers.length])).toEqual([
    ['1x4097x256 pixel-major f32 plain', 6],
    ['1x4097x256 pixel-major f32 guided + truncated', 2],
    ['1x4097x1024 pixel-major f32 plain', 3],
  ])
})

it('takes the cases and peers that are asked for', () => {
  const plan = planOf({ quick: true, cases: casesWith(['1x4097x256', 'guided', 'f16']), peers: ['tfjs'] }, true)
  expect(plan.map((one) => [caseText(one), ...one.peers])).toEqual([
    ['1x4097x256 pixel-major f16 guided', 'tfjs'],
    ['1x4097x256 pixel-major f16 guided + truncated', 'tfjs'],
    ['1x4097x256 class-major f16 guided', 'tfjs'],
    ['1x4097x256 class-major f16 guided + truncated', 'tfjs'],
  ])
})
