import { describe, expect, it } from 'vitest'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import { readSettings, writeSettings } from '../picture/settings'
import { PRESETS, type PresetName, presetName, presetText } from './presets'
import { STICKERS } from './stickers'

const names = Object.keys(PRESETS) as PresetName[]

/** Rows that the network computes for a picture. */
async function networkRows({ steps, guidance, guidedFrom, guidedTo }: (typeof PRESETS)[PresetName]): Promise<number> {
  const scheduler = await VQDiffusionScheduler.create({ num_vec_classes: 8, num_train_timesteps: 100 })
  const { timesteps } = scheduler.expectation({ numInferenceSteps: steps })
  return steps + timesteps.filter((t) => guidance !== 1 && t >= guidedFrom && t <= guidedTo).length
}

describe('presets', () => {
  it('cost more of the network the better they are; Quick costs at most a third of the default', async () => {
    const [quick = 0, standard = 0, best = 0] = await Promise.all(names.map((name) => networkRows(PRESETS[name])))
    expect(names).toEqual(['quick', 'default', 'best'])
    expect(quick * 2.7).toBeLessThanOrEqual(standard)
    expect(standard).toBeLessThan(best)
  })
  it.each(names)('%s is known by its numbers, also after they were in an address', (name) => {
    const settings = { ...readSettings(new URLSearchParams(), STICKERS), ...PRESETS[name] }
    expect(presetName(settings)).toBe(name)
    expect(presetName(readSettings(writeSettings(new URLSearchParams(), settings, STICKERS), STICKERS))).toBe(name)
  })
  it.each([
    ['steps', { steps: 13 }],
    ['guidance', { guidance: 1.25 }],
    ['the interval', { guidedFrom: 21 }],
    ['truncation', { truncation: 0.71 }],
    ['method', { method: 'purity' }],
    ['spacing', { spacing: 'leading' }],
  ] as const)('are none with another value of %s', (_, change) => {
    expect(presetName({ ...PRESETS.default, ...change })).toBeUndefined()
  })
  it('do not depend on an interval without effect', () => {
    const [from, to] = [40, 50]
    expect(presetName({ ...PRESETS.quick, guidedFrom: from, guidedTo: to })).toBe('quick')
  })
  it('are described', () => {
    const preset = { ...PRESETS.default, steps: 12, guidance: 1.5, guidedFrom: 20, guidedTo: 99, truncation: 0.7 }
    expect(presetText(preset)).toBe('12 steps, guidance 1.5 from t = 20 on, truncation 0.7')
    expect(presetText({ ...preset, guidedFrom: 0 })).toBe('12 steps, guidance 1.5, truncation 0.7')
    expect(presetText({ ...preset, guidance: 1 })).toBe('12 steps, no guidance, truncation 0.7')
  })
})
