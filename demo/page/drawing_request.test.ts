import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { STICKERS } from '../model/stickers'
import { emptyMask, withCells } from '../picture/cells'
import { readSettings } from '../picture/settings'
import {
  conditionOf,
  drawingOptions,
  originOf,
  pictureSettings,
  type Start,
  seedsOf,
  startPicture,
} from './drawing_request'

const settings = readSettings(new URLSearchParams('seed=5&count=3&steps=4&guidedFrom=30'), STICKERS)
const text = { text: Int32Array.of(1, 2) }
const tokens = new Uint16Array(256)
const picture = { tokens, bitmap: {} as ImageBitmap }
const optionsFor = (start: Start, change = {}) =>
  drawingOptions({ settings: { ...settings, ...change }, start }, text, true)

describe('drawingOptions', () => {
  it('has one seed per picture', () => {
    expect(optionsFor({ kind: 'noise' })).toEqual({
      ...text,
      seeds: [5, 6, 7],
      steps: 4,
      guidance: 2.5,
      guidedFrom: 30,
      guidedTo: 99,
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
    const { known } = optionsFor({ kind: 'cells', picture, mask: withCells(emptyMask(STICKERS.grid), [9], true) })
    expect(known!.keep.map((keep) => [keep[8], keep[9]])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ])
  })
  it('combines purity neither with truncation nor with inpainting', () => {
    expect(optionsFor({ kind: 'noise' }, { method: 'purity' })).toMatchObject({ method: 'purity', truncation: 1 })
    expect(optionsFor({ kind: 'cells', picture, mask: emptyMask(STICKERS.grid) }, { method: 'purity' })).toMatchObject({
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
  expect(originOf({ kind: 'cells', picture, mask: emptyMask(STICKERS.grid) })).toBe('repainted')
})

describe('any style', () => {
  const request = (start: Start, change = {}) => ({ settings: { ...settings, ...change }, start })
  const stylesOf = (start: Start, change = {}) => pictureSettings(request(start, change)).map(({ style }) => style)

  it('is one style a picture, which follows from its seed', () => {
    expect(stylesOf({ kind: 'noise' })).toEqual(['emojione', 'firefox', '3d'])
    expect(new Set(stylesOf({ kind: 'noise' }, { count: 7 })).size).toBe(7)
    for (const { seed, style } of pictureSettings(request({ kind: 'noise' }, { count: 16 })))
      expect(stylesOf({ kind: 'noise' }, { seed, count: 1 })).toEqual([style])
    expect(stylesOf({ kind: 'noise' }, { seed: Number.MAX_SAFE_INTEGER, count: 1 })).toEqual([
      stylesOf({ kind: 'noise' }, { seed: Number.MAX_SAFE_INTEGER, count: 9 }).at(-1),
    ])
  })
  it('gives each picture settings that draw it again alone', () => {
    for (const alone of pictureSettings(request({ kind: 'noise' }, { prompt: 'panda' }))) {
      expect(pictureSettings({ settings: { ...alone, count: 1 }, start: { kind: 'noise' } })).toEqual([alone])
    }
  })
  it('is the style of the picture that is varied, repainted or drawn again', () => {
    const { count: _, ...old } = { ...settings, style: 'blob' as const }
    const of = (origin: 'drawn' | 'from image') =>
      startPicture({ tokens, grid: STICKERS.grid, settings: old, origin, modelHash: '' }, picture.bitmap)
    expect(stylesOf({ kind: 'picture', picture: of('drawn'), strength: 0.5 })).toEqual(['blob', 'blob', 'blob'])
    expect(stylesOf({ kind: 'cells', picture: of('drawn'), mask: emptyMask(STICKERS.grid) })).toEqual([
      'blob',
      'blob',
      'blob',
    ])
    // As pictures were drawn before they had a style of their own.
    expect(stylesOf({ kind: 'noise', style: 'any' })).toEqual(['any', 'any', 'any'])
    expect(new Set(stylesOf({ kind: 'picture', picture: of('from image'), strength: 0.5 })).size).toBe(3)
    expect(stylesOf({ kind: 'picture', picture: of('drawn'), strength: 0.5 }, { style: 'noto' })).toEqual(
      Array(3).fill('noto'),
    )
  })
  it('reaches the network as a text for each picture', () => {
    const file = new URL('../../packages/vq-diffusion-emoji/emoji-16x16/tokenizer/tokenizer.json', import.meta.url)
    const vocabulary = JSON.parse(readFileSync(file, 'utf8'))
    const { text } = conditionOf(request({ kind: 'noise' }, { prompt: '🐼' }), new WordTokenizer(vocabulary))
    expect(text).toHaveLength(3 * 16)
    const words = Array.from(text!, (token) => vocabulary.vocab[token])
    expect([0, 16, 32].map((at) => words.slice(at, at + 3))).toEqual([
      ['style:emojione', 'panda', '<pad>'],
      ['style:firefox', 'panda', '<pad>'],
      ['style:3d', 'panda', '<pad>'],
    ])
  })
})
