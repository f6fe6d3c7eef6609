import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { RANGES, readBackendChoice, readNumber, readSettings, STYLES, writeSettings } from './settings'

const read = (query: string) => readSettings(new URLSearchParams(query))
const usual = {
  prompt: '',
  style: 'any',
  steps: 16,
  guidance: 2.5,
  seed: RANGES.seed.usual,
  count: 1,
  truncation: 0.86,
  method: 'posterior',
  priorWeight: 1,
  spacing: 'exact',
}
const everything =
  'prompt=red+heart&style=3d&steps=25&guidance=3.5&seed=9&count=4&truncation=0.9&method=purity&priorWeight=2&spacing=leading'

describe('readSettings', () => {
  it('reads every setting', () => {
    expect(read(everything)).toEqual({
      prompt: 'red heart',
      style: '3d',
      steps: 25,
      guidance: 3.5,
      seed: 9,
      count: 4,
      truncation: 0.9,
      method: 'purity',
      priorWeight: 2,
      spacing: 'leading',
    })
  })
  it('has the usual settings for what is not given or makes no sense', () => {
    expect(read('')).toEqual(usual)
    expect(read('style=cubist&steps=many&guidance=&seed=NaN&method=magic&spacing=odd&count=few')).toEqual(usual)
  })
  it('clamps and rounds numbers', () => {
    expect(read('steps=0&guidance=-1&seed=-5&count=0')).toMatchObject({ steps: 1, guidance: 1, seed: 0, count: 1 })
    expect(read('steps=1e9&guidance=Infinity&seed=1.6&count=17')).toMatchObject({
      steps: 100,
      guidance: 10,
      seed: 2,
      count: 16,
    })
  })
  it('knows the styles of the model', () => {
    const file = new URL('../public/models/emoji-16x16/tokenizer/tokenizer.json', import.meta.url)
    const { styles } = JSON.parse(readFileSync(file, 'utf8'))
    expect(Object.keys(STYLES).sort()).toEqual(['any', ...styles].sort())
  })
  it('has the truncation that the model recommends', () => {
    const file = new URL('../public/models/emoji-16x16/model_index.json', import.meta.url)
    const { defaults } = JSON.parse(readFileSync(file, 'utf8'))
    expect(read('')).toMatchObject({
      steps: defaults.num_inference_steps,
      guidance: defaults.guidance_scale,
      truncation: defaults.truncation_rate,
    })
  })
})

describe('readBackendChoice', () => {
  it('reads what there is and ignores the rest', () => {
    expect(readBackendChoice(new URLSearchParams('engine=cpu&network=webgpu'))).toEqual({
      engine: 'cpu',
      network: 'webgpu',
    })
    expect(readBackendChoice(new URLSearchParams('engine=wasm&network=cpu'))).toEqual({})
  })
})

describe('readNumber', () => {
  it('takes both ends of a range', () => {
    expect(readNumber('steps', '1')).toBe(1)
    expect(readNumber('steps', '100')).toBe(100)
    expect(readNumber('steps', '101')).toBe(100)
  })
})

describe('writeSettings', () => {
  it('gives back what was read and keeps other parameters', () => {
    const query = new URLSearchParams(`${everything}&engine=cpu`)
    const written = writeSettings(new URLSearchParams('engine=cpu&seed=1'), readSettings(query))
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(query))
  })
  it('leaves usual settings of the engine room out, whatever was there', () => {
    const written = writeSettings(new URLSearchParams('count=4&method=purity'), read('prompt=ghost'))
    expect(String(written)).toBe('prompt=ghost&style=any&steps=16&guidance=2.5&seed=7')
  })
})
