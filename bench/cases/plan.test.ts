import { expect, it } from 'vitest'
import { allSizes, peerNames, planOf, type Size, sizeText } from './plan'

const everything = { quick: false, sizes: undefined, only: [], peers: peerNames }
const sizesOf = (plan: readonly Size[]) => new Set(plan.map(sizeText))

it('measures everything on a GPU: seven sizes, two layouts, two dtypes, three modes, all peers', () => {
  const plan = planOf(everything, false)
  expect(plan).toHaveLength(84)
  expect(plan.every(({ peers }) => peers.length === peerNames.length)).toBe(true)
})

it('leaves out what is too slow on a software adapter, but no size and no layout', () => {
  const plan = planOf(everything, true)
  expect(plan.filter((one) => sizeText(one) === '1x4097x1024')).toHaveLength(12)
  for (const layout of ['pixel-major', 'class-major'])
    expect(sizesOf(plan.filter((one) => one.layout === layout))).toEqual(sizesOf(allSizes))
  expect(plan.find(({ B }) => B === 16)!.peers).toEqual(['dense', 'javascript', 'twin'])
  expect(plan.find(({ N }) => N === 256)!.peers).toEqual(peerNames)
  expect(planOf({ ...everything, sizes: allSizes }, true)).toHaveLength(84)
})

it('has three cases in a quick run', () => {
  const plan = planOf({ ...everything, quick: true }, false)
  const about = plan.map(({ N, layout, dtype, mode, peers }) => [N, layout, dtype, mode, peers.length].join())
  expect(about).toEqual([
    '256,pixel-major,f32,plain,6',
    '256,pixel-major,f32,guided + truncated,2',
    '1024,pixel-major,f32,plain,3',
  ])
})

it('takes the sizes and variants that are asked for', () => {
  const chosen = { ...everything, sizes: [{ B: 2, C: 9, N: 16 }], only: ['f32', 'plain', 'guided + truncated'] }
  const plan = planOf(chosen, true)
  expect(sizesOf(plan)).toEqual(new Set(['2x9x16']))
  expect(plan.map(({ layout, dtype, mode }) => [layout, dtype, mode].join())).toEqual([
    'pixel-major,f32,plain',
    'pixel-major,f32,guided + truncated',
    'class-major,f32,plain',
    'class-major,f32,guided + truncated',
  ])
  expect(planOf({ ...everything, only: ['f16'] }, true)).toHaveLength(42)
})

it('asks no peer that was not chosen', () => {
  for (const quick of [false, true])
    expect(planOf({ ...everything, quick, peers: [] }, true).flatMap(({ peers }) => peers)).toEqual([])
})
