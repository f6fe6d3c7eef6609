import { describe, expect, it } from 'vitest'
import { emptyMask, withCells } from '../picture/cells'
import { readSettings } from '../picture/settings'
import { drawingOptions, originOf, type Start, seedsOf } from './drawing_request'

const settings = readSettings(new URLSearchParams('seed=5&count=3&steps=4'))
const text = Int32Array.of(1, 2)
const tokens = new Uint16Array(256)
const picture = { tokens, bitmap: {} as ImageBitmap }
const optionsFor = (start: Start, change = {}) =>
  drawingOptions({ settings: { ...settings, ...change }, start }, text, true)

describe('drawingOptions', () => {
  it('has one seed per picture', () => {
    expect(optionsFor({ kind: 'noise' })).toEqual({
      text,
      seeds: [5, 6, 7],
      steps: 4,
      guidance: 2.5,
      truncation: 0.86,
      method: 'posterior',
      priorWeight: 1,
      spacing: 'exact',
      livePreview: true,
    })
  })
  it('starts every picture of the batch from the same picture', () => {
    expect(optionsFor({ kind: 'picture', picture, strength: 0.3 }).image).toEqual({
      tokens: [tokens, tokens, tokens],
      strength: 0.3,
    })
  })
  it('keeps the cells that are not marked', () => {
    const { known } = optionsFor({ kind: 'cells', picture, mask: withCells(emptyMask, [9], true) })
    expect(known!.keep.map((keep) => [keep[8], keep[9]])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ])
  })
  it('combines purity neither with truncation nor with inpainting', () => {
    expect(optionsFor({ kind: 'noise' }, { method: 'purity' })).toMatchObject({ method: 'purity', truncation: 1 })
    expect(optionsFor({ kind: 'cells', picture, mask: emptyMask }, { method: 'purity' })).toMatchObject({
      method: 'posterior',
      truncation: 0.86,
    })
  })
})

it('counts seeds up, at most to the largest safe integer', () => {
  expect(seedsOf(0, 2)).toEqual([0, 1])
  expect(seedsOf(Number.MAX_SAFE_INTEGER, 2)).toEqual([Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER])
})

it('records how the picture was made', () => {
  expect(originOf({ kind: 'cells', picture, mask: emptyMask })).toBe('repainted')
})
