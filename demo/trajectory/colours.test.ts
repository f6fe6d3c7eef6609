import { describe, expect, it } from 'vitest'
import { classColour, rampColour, rampGradient } from './colours'

describe('rampColour', () => {
  it('interpolates between the colours and clamps at the ends', () => {
    expect(rampColour(0)).toBe('rgb(68 1 84)')
    expect(rampColour(1 / 16)).toBe('rgb(70 23 104)')
    expect(rampColour(0.5)).toBe('rgb(33 145 140)')
    expect(rampColour(1)).toBe('rgb(253 231 37)')
    expect(rampColour(-1)).toBe(rampColour(0))
    expect(rampColour(2)).toBe(rampColour(1))
  })
  it('gets lighter in nearly equal steps', () => {
    const lightness = Array.from({ length: 33 }, (_, i) => luminance(rampColour(i / 32)))
    const steps = lightness.slice(1).map((value, i) => value - lightness[i]!)
    expect(Math.min(...steps)).toBeGreaterThan(0)
    expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(2)
  })
  it('is also a gradient', () => {
    expect(rampGradient()).toMatch(/^linear-gradient\(90deg, rgb\(68 1 84\), .*rgb\(253 231 37\)\)$/)
  })
})

describe('classColour', () => {
  it('is different for each class', () => {
    expect(new Set(Array.from({ length: 4096 }, (_, code) => classColour(code))).size).toBe(4096)
  })
})

/** CIE L*, 0 … 100. */
function luminance(colour: string): number {
  const linear = colour.match(/\d+/g)!.map((channel) => {
    const value = Number(channel) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 116 * Math.cbrt(0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!) - 16
}
