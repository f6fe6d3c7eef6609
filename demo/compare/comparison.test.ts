import { expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import { readSettings } from '../picture/settings'
import { COMPARISONS, type Comparison, comparedPictures } from './comparison'

const form = {
  ...readSettings(new URLSearchParams('prompt=panda&seed=3&count=5&method=purity&truncation=0.9'), STICKERS),
}

it.each([
  ['style', 7, ['style']],
  ['guidance-steps', 16, ['guidance', 'steps']],
  ['guidance-truncation', 16, ['guidance', 'truncation']],
] as const)('compares %s: %s different pictures of one seed that differ in nothing else', (comparison, count, axes) => {
  const pictures = comparedPictures(comparison, form, STICKERS)
  expect(pictures).toHaveLength(count)
  const values = pictures.map(({ settings }) => axes.map((axis) => settings[axis]).join())
  expect(new Set(values).size).toBe(count)
  expect(new Set(pictures.map(({ label }) => label)).size).toBe(count)
  const method = comparison === 'guidance-truncation' ? 'posterior' : 'purity'
  for (const { settings } of pictures) {
    const same = Object.fromEntries(axes.map((axis) => [axis, form[axis]]))
    expect({ ...settings, ...same }).toEqual({ ...form, count: 1, method })
  }
})

it('shows two axes as rows and columns of a square', () => {
  const twoAxes = (Object.keys(COMPARISONS) as Comparison[]).filter((name) => name !== 'style')
  for (const comparison of twoAxes) {
    const pictures = comparedPictures(comparison, form, STICKERS)
    const side = Math.sqrt(pictures.length)
    for (const [i, { settings }] of pictures.entries())
      expect(settings.guidance).toBe(pictures[side * Math.floor(i / side)]!.settings.guidance)
  }
})
