import { describe, expect, it } from 'vitest'
import { noCells, withCells } from '../picture/mask'
import { readSettings } from '../picture/settings'
import { drawingOf, originOf, type Start, seedsOf } from './drawing_request'

const settings = readSettings(new URLSearchParams('seed=5&count=3&steps=4'))
const text = Int32Array.of(1, 2)
const tokens = new Uint16Array(256)
const base = { tokens, bitmap: {} as ImageBitmap }
const drawing = (start: Start, change = {}) => drawingOf({ settings: { ...settings, ...change }, start }, text, true)

describe('drawingOf', () => {
  it('asks for a batch with a seed a picture', () => {
    expect(drawing({ kind: 'noise' })).toEqual({
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
  it('gives every picture of the batch the same picture to start from', () => {
    expect(drawing({ kind: 'picture', base, strength: 0.3 }).image).toEqual({
      tokens: [tokens, tokens, tokens],
      strength: 0.3,
    })
  })
  it('keeps the cells that are not marked', () => {
    const { known } = drawing({ kind: 'cells', base, mask: withCells(noCells, [9], true) })
    expect(known!.keep.map((keep) => [keep[8], keep[9]])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ])
  })
  it('asks purity sampling for nothing that it cannot do', () => {
    expect(drawing({ kind: 'noise' }, { method: 'purity' })).toMatchObject({ method: 'purity', truncation: 1 })
    expect(drawing({ kind: 'cells', base, mask: noCells }, { method: 'purity' })).toMatchObject({
      method: 'posterior',
      truncation: 0.86,
    })
  })
})

it('counts seeds up, and not past the largest', () => {
  expect(seedsOf(0, 2)).toEqual([0, 1])
  expect(seedsOf(Number.MAX_SAFE_INTEGER, 2)).toEqual([Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER])
})

it('knows what became of it', () => {
  expect(originOf({ kind: 'cells', base, mask: noCells })).toBe('repainted')
})
