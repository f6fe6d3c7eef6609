import { beforeEach, expect, it } from 'vitest'
import { PRESETS } from '../model/presets'
import { expectedDuration, expectedSteps, measuredPace, measureStep } from './pace'

const settings = { ...PRESETS.default, steps: 12, count: 3 }

beforeEach(() => {
  measuredPace.value = undefined
})

it('expects two rows of the network a picture only in the steps that are guided', () => {
  measuredPace.value = 100
  // From t = 20 up to 99, both included.
  expect(expectedSteps(settings, [99, 20, 19, 0], 'wasm')).toEqual([600, 600, 300, 300])
  expect(expectedSteps({ ...settings, guidedTo: 50 }, [51, 50], 'wasm')).toEqual([300, 600])
  expect(expectedSteps({ ...settings, guidance: 1 }, [99, 0], 'wasm')).toEqual([300, 300])
})

it('adds up the steps that the drawing visits', () => {
  measuredPace.value = 100
  // The 12 timesteps end with 24, 16, 7: two are not guided.
  expect(expectedDuration(settings, 'wasm')).toBe(10 * 600 + 2 * 300)
  // The list of diffusers begins at 11.
  expect(expectedDuration({ ...settings, spacing: 'leading' }, 'wasm')).toBe(12 * 300)
  // From a picture at a strength of 50 %: from 49 on.
  expect(expectedDuration(settings, 'wasm', 0.5)).toBe(4 * 600 + 2 * 300)
  expect(expectedDuration(settings, 'wasm', 0)).toBe(0)
})

it('measures a row alike in steps with guidance and without', () => {
  measureStep(settings, 99, 600)
  expect(measuredPace.value).toBe(100)
  measureStep(settings, 0, 300)
  expect(measuredPace.value).toBe(100)
  measureStep(settings, 0, 600)
  expect(measuredPace.value).toBeCloseTo(130)
  measuredPace.value = undefined
  expect(expectedSteps(settings, [99], 'webgpu')[0]).toBeLessThan(expectedSteps(settings, [99], undefined)[0]!)
})
