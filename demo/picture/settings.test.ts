import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { PRESETS } from '../model/presets'
import { STICKERS } from '../model/stickers'
import { CLASSES, TEXTS } from '../model/test_models'
import { timestepOptions } from '../worker/engine'
import {
  drawsNothing,
  leastStrength,
  rangesOf,
  readBackendChoice,
  readNumber,
  readPictureSettings,
  readSettings,
  STYLES,
  writeSettings,
} from './settings'

const read = (query: string) => readSettings(new URLSearchParams(query), STICKERS)
const defaults = {
  prompt: '',
  negative: '',
  style: 'any',
  ...PRESETS.default,
  seed: rangesOf(STICKERS).seed.default,
  count: 1,
  priorWeight: 1,
}
const everything =
  'prompt=red+heart&negative=dark+arrow&style=3d&steps=25&guidance=3.5&guidedFrom=30&guidedTo=80&seed=9&count=4&truncation=0.9&method=purity&priorWeight=2&spacing=leading'

describe('leastStrength', () => {
  it('is what the last timestep of the list needs, by the scheduler of the library', async () => {
    const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 8, num_train_timesteps: 100 })
    for (const spacing of ['exact', 'leading'] as const)
      for (let steps = 1; steps <= 100; steps++) {
        const options = timestepOptions({ ...defaults, steps, spacing, method: 'posterior' })
        const least = leastStrength({ steps, spacing }, STICKERS)
        expect(scheduler.expectation({ ...options, strength: least }).timesteps).toHaveLength(1)
        expect(drawsNothing(least, { steps, spacing }, STICKERS)).toBe(false)
        const less = least - 0.001
        expect(() => scheduler.expectation({ ...options, strength: less })).toThrow(`at least ${least}`)
        expect(drawsNothing(less, { steps, spacing }, STICKERS)).toBe(true)
      }
    expect(drawsNothing(0, { steps: 1, spacing: 'exact' }, STICKERS)).toBe(false)
  })
})

describe('readSettings', () => {
  it('reads every setting', () => {
    expect(read(everything)).toEqual({
      prompt: 'red heart',
      negative: 'dark arrow',
      style: '3d',
      steps: 25,
      guidance: 3.5,
      guidedFrom: 30,
      guidedTo: 80,
      seed: 9,
      count: 4,
      truncation: 0.9,
      method: 'purity',
      priorWeight: 2,
      spacing: 'leading',
    })
  })
  it('uses the defaults for missing and invalid values', () => {
    expect(read('')).toEqual(defaults)
    expect(
      read('style=cubist&guidance=&guidedFrom=&guidedTo=never&seed=NaN&method=magic&spacing=odd&count=few'),
    ).toEqual(defaults)
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
  it('has a last guided timestep that is not below the first', () => {
    expect(read('guidedFrom=50&guidedTo=30')).toMatchObject({ guidedFrom: 50, guidedTo: 50 })
    expect(read('guidedFrom=-1&guidedTo=100')).toMatchObject({ guidedFrom: 0, guidedTo: 99 })
  })
  it('takes an address with steps, but without guidance, interval or truncation, as one of before presets', () => {
    const before = { guidance: 2.5, guidedFrom: 0, guidedTo: 99, truncation: 0.86 }
    expect(read('steps=16')).toMatchObject(before)
    expect(read('steps=16&guidance=3&guidedFrom=20')).toMatchObject({ ...before, guidance: 3, guidedFrom: 20 })
  })
  it('has the styles of the tokenizer', () => {
    const file = new URL('../../packages/vq-diffusion-emoji/emoji-16x16/tokenizer/tokenizer.json', import.meta.url)
    const { styles } = JSON.parse(readFileSync(file, 'utf8'))
    expect(Object.keys(STYLES).sort()).toEqual(['any', ...styles].sort())
  })
  it('has the defaults of the model index', () => {
    const file = new URL('../../packages/vq-diffusion-emoji/emoji-16x16/model_index.json', import.meta.url)
    const { defaults: recommended } = JSON.parse(readFileSync(file, 'utf8'))
    expect(read('')).toMatchObject({
      steps: recommended.num_inference_steps,
      guidance: recommended.guidance_scale,
      guidedFrom: recommended.guidance_interval[0],
      guidedTo: recommended.guidance_interval[1],
      truncation: recommended.truncation_rate,
    })
  })
})

describe('readBackendChoice', () => {
  it('reads valid values and ignores others', () => {
    expect(readBackendChoice(new URLSearchParams('engine=cpu&network=webgpu'))).toEqual({
      engine: 'cpu',
      network: 'webgpu',
    })
    expect(readBackendChoice(new URLSearchParams('engine=wasm&network=cpu'))).toEqual({})
  })
})

describe('readNumber', () => {
  it('accepts both ends of a range', () => {
    expect(readNumber('steps', '1', STICKERS)).toBe(1)
    expect(readNumber('steps', '100', STICKERS)).toBe(100)
    expect(readNumber('steps', '101', STICKERS)).toBe(100)
  })
})

describe('writeSettings', () => {
  it('writes back the settings it read and keeps other parameters', () => {
    const query = new URLSearchParams(`${everything}&engine=cpu`)
    const written = writeSettings(new URLSearchParams('engine=cpu&seed=1'), readSettings(query, STICKERS), STICKERS)
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(query))
  })
  it('removes engine room settings that have their default', () => {
    const written = writeSettings(new URLSearchParams('count=4&method=purity'), read('prompt=ghost'), STICKERS)
    expect(Object.fromEntries(written)).toEqual({
      prompt: 'ghost',
      style: 'any',
      seed: '7',
      steps: String(defaults.steps),
      guidance: String(defaults.guidance),
      guidedFrom: String(defaults.guidedFrom),
      guidedTo: String(defaults.guidedTo),
      truncation: String(defaults.truncation),
    })
    expect(readSettings(written, STICKERS)).toEqual(read('prompt=ghost'))
  })
})

describe('readPictureSettings', () => {
  it('truncates a long prompt between characters', () => {
    const long = { prompt: '🥚'.repeat(1000), negative: '🐣'.repeat(1000) }
    const { prompt, negative } = readPictureSettings(new URLSearchParams(long), STICKERS)
    expect(prompt).toBe('🥚'.repeat(200))
    expect(negative).toBe('🐣'.repeat(200))
  })
})

describe('the settings of other models', () => {
  it('have a class or words, and no style', () => {
    const query = new URLSearchParams('prompt=cat&negative=dog&style=noto&classLabel=14&steps=3')
    const ofClasses = readSettings(query, CLASSES)
    expect(ofClasses).toMatchObject({ prompt: '', negative: '', classLabel: 9, steps: 3, guidance: 3, guidedFrom: 0 })
    expect(ofClasses.style).toBeUndefined()
    expect(readSettings(new URLSearchParams('classLabel=x'), CLASSES).classLabel).toBe(0)
    const ofTexts = readSettings(query, TEXTS)
    expect(ofTexts).toMatchObject({ prompt: 'cat', negative: 'dog', guidance: 5 })
    expect([ofTexts.style, ofTexts.classLabel]).toEqual([undefined, undefined])
  })
  it('have the timesteps of the model, and no guidance without a class of none', () => {
    expect(readNumber('steps', '99', TEXTS)).toBe(50)
    expect(readNumber('guidedTo', '99', TEXTS)).toBe(49)
    expect(readNumber('guidance', '3', { ...CLASSES, isGuidable: false })).toBe(1)
    expect(leastStrength({ steps: 25, spacing: 'exact' }, TEXTS)).toBe(2 / 50)
  })
  it('come back from an address', () => {
    for (const model of [CLASSES, TEXTS]) {
      const settings = readSettings(new URLSearchParams('prompt=a+b&classLabel=4&seed=3&guidance=2'), model)
      const written = writeSettings(new URLSearchParams('model=m'), settings, model)
      expect(readSettings(written, model)).toEqual(settings)
      expect(written.get('model')).toBe('m')
      expect(written.has('prompt')).toBe(model === TEXTS)
    }
  })
})
