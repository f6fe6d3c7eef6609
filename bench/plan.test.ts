import { describe, expect, it } from 'vitest'
import { peerNames, planOf } from './plan'
import { namedSizes, type Size, sizeText } from './sizes'

const sizesOf = (plan: readonly { readonly id: Size }[]) => new Set(plan.map(({ id }) => sizeText(id)))
const everySize = new Set(namedSizes.all!.map(sizeText))

describe('planOf', () => {
  it('measures everything on a GPU: seven sizes, two layouts, two dtypes, three modes, all peers', () => {
    const plan = planOf({ extent: 'default' }, false)
    expect(plan).toHaveLength(84)
    expect(plan.every(({ peers }) => peers.length === peerNames.length)).toBe(true)
  })
  it('leaves out on a software adapter what is not bearable, but no size and no layout', () => {
    const plan = planOf({ extent: 'default' }, true)
    expect(plan.filter(({ id }) => sizeText(id) === '1x4097x1024')).toHaveLength(12)
    for (const layout of ['pixel-major', 'class-major'])
      expect(sizesOf(plan.filter(({ id }) => id.layout === layout))).toEqual(everySize)
    expect(plan.find(({ id }) => id.batchSize === 16)!.peers).toEqual(['dense', 'javascript', 'twin'])
    expect(plan.find(({ id }) => id.numLatentPixels === 256)!.peers).toEqual(peerNames)
    expect(planOf({ extent: 'all' }, true)).toHaveLength(84)
  })
  it('takes the product of what is chosen, the rest at its simplest, or all of it with --all', () => {
    const sizes = [{ batchSize: 2, numVecClasses: 9, numLatentPixels: 16 }]
    const chosen = { sizes, modes: ['plain', 'guided + truncated'] } as const
    expect(planOf({ extent: 'default', ...chosen }, true).map(({ id }) => id)).toEqual(
      chosen.modes.map((mode) => ({ ...sizes[0], layout: 'pixel-major', dtype: 'f32', mode })),
    )
    expect(planOf({ extent: 'all', ...chosen }, true)).toHaveLength(8)
    expect(planOf({ extent: 'default', dtypes: ['f16'] }, true).map(({ id }) => sizeText(id))).toEqual(['1x4097x1024'])
  })
  it('asks no peer that was not chosen', () => {
    for (const extent of ['quick', 'default', 'all'] as const)
      expect(planOf({ extent, peers: [] }, true).flatMap(({ peers }) => peers)).toEqual([])
  })
})
