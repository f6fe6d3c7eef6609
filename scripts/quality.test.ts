import { describe, expect, it } from 'vitest'
import { NearestDrawing } from './quality/nearest.mjs'
import { comparable, table } from './quality/report.mjs'
import { networkRows, parseSetting, settingText } from './quality/settings.mjs'

describe('a setting', () => {
  it('is read from text, and written as the model’s index has it', () => {
    const text = 'steps=12 guidance=1.5 interval=20-99 truncation=0.7'
    const setting = parseSetting(text)
    expect(setting).toEqual({
      numInferenceSteps: 12,
      guidanceScale: 1.5,
      guidanceInterval: [20, 99],
      truncationRate: 0.7,
    })
    const index = { num_inference_steps: 12, guidance_scale: 1.5, guidance_interval: [20, 99], truncation_rate: 0.7 }
    expect(settingText(index)).toBe(text)
    expect(() => parseSetting('step=12')).toThrow('given step=12')
  })
  it.each([
    ['steps=16 guidance=2.5', 32],
    ['steps=8 guidance=1', 8],
    // Of the timesteps 99, 91, … 24, 16 and 7 the last two are not guided.
    ['steps=12 guidance=1.5 interval=20-99', 22],
  ])('%s asks the network for %i rows', (text, rows) => {
    expect(networkRows(parseSetting(text))).toBe(rows)
  })
})

describe('the nearest drawing', () => {
  const side = 64
  const names = ['left', 'right', 'left']
  /** Opaque squares of 16 pixels: at the left, at the right, and at the left in another colour. */
  const pixels = Uint8Array.from({ length: 3 * side * side * 4 }, (_, i) => {
    const [drawing, y, x] = [i >> 14, (i >> 8) & 63, (i >> 2) & 63]
    const isInside = y >= 24 && y < 40 && Math.floor(x / 16) === (drawing === 1 ? 2 : 1)
    return isInside ? (drawing === 2 && i % 4 === 0 ? 0 : 255) : 0
  })
  const nearest = new NearestDrawing({ drawings: names.map((name) => ({ name })), pixels })
  /** A decoded picture of a drawing, moved by (dx, dy) pixels of 64. */
  const picture = (drawing: number, dx: number, dy: number) =>
    Float32Array.from({ length: 4 * 128 * 128 }, (_, i) => {
      const [channel, y, x] = [i >> 14, (((i >> 7) & 127) >> 1) - dy, ((i & 127) >> 1) - dx]
      if (x < 0 || x >= side || y < 0 || y >= side) return 0
      return pixels[((drawing * side + y) * side + x) * 4 + channel]! / 255
    })

  it('is the drawing itself, also if it is shifted by up to 4 pixels of 128', () => {
    for (const [dx, dy] of [
      [0, 0],
      [2, -2],
      [-1, 2],
    ] as const)
      for (const drawing of [0, 1, 2]) {
        const found = nearest.find(picture(drawing, dx, dy), names[drawing]!)
        expect(found).toMatchObject({ hit: true, nearest: drawing, distance: 0, own: 0 })
      }
    expect(nearest.find(picture(0, 3, 0), 'left').distance).toBeGreaterThan(0)
  })
  it('is a miss if it has another name', () => {
    const found = nearest.find(picture(1, 0, 0), 'left')
    expect(found).toMatchObject({ hit: false, nearest: 1, other: 0 })
    expect(found.own).toBeGreaterThan(0.1)
  })
})

it('the table compares pictures that all settings have drawn', () => {
  const settings = { 'steps=2 guidance=1': { numInferenceSteps: 2 }, 'steps=4 guidance=1': { numInferenceSteps: 4 } }
  const [first, second] = Object.keys(settings)
  const picture = (setting: string, seed: number, hit: boolean, distance: number) => {
    const common = { setting, name: 'panda', style: 'noto', seed, hit, distance }
    return { ...common, drawn: 'panda', drawnStyle: seed === 1 ? 'noto' : 'blob', own: distance, other: 1 }
  }
  const pictures = [
    picture(first!, 1, true, 0.1),
    picture(first!, 2, false, 0.3),
    picture(second!, 1, true, 0.05),
    picture(second!, 2, true, 0.07),
    picture(second!, 3, true, 0.01),
  ]
  const all = comparable(pictures, settings)
  expect(all).toEqual(pictures.slice(0, 4))
  expect(table(all, settings).split('\n').slice(2)).toEqual([
    `| ${first} | 2 | 50 % |  | 50 % | 0 % |  | 0.200 | 0.300 |`,
    `| ${second} | 4 | 100 % | +50.0 ± 35.4 | 50 % | 100 % | +100.0 ± 0.0 | 0.060 | 0.070 |`,
    '',
  ])
})
