import { describe, expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import { sizedSvg } from './svg_file'

const XMLNS = 'xmlns="http://www.w3.org/2000/svg"'

describe('sizedSvg', () => {
  it.each([
    ['viewBox="0 0 10 20"', 64, 128, undefined],
    ["width='256' height='64'", 128, 32, '0 0 256 64'],
    ['width="100%" height="100%" viewBox="5,5 , 20 10"', 128, 64, undefined],
    ['width="1e7" height="1e7"', 128, 128, '0 0 10000000 10000000'],
    ['width="2in" height="96px" viewBox="0 0 9 9"', 128, 64, undefined],
    ['width="0" height="5mm" viewBox="0 0 1 2"', 64, 128, undefined],
    ['width="600"', 128, 32, '0 0 600 150'],
    ['viewBox="0 0 0 3"', 128, 64, '0 0 300 150'],
    ['', 128, 64, '0 0 300 150'],
  ])('sizes <svg %s> to %i × %i', (attributes, width, height, viewBox) => {
    const { markup, size } = sizedSvg(`<svg ${XMLNS} ${attributes} data-width="1"><rect/></svg>`, STICKERS.picture)!
    expect(size).toEqual({ width, height })
    expect(markup).toMatch(new RegExp(`^<svg width="${width}" height="${height}"`))
    expect(markup.match(/\s(width|height|viewBox)=/g)!.length).toBe(3)
    if (viewBox) expect(markup).toContain(` viewBox="${viewBox}"`)
    expect(markup).toMatch(/ data-width="1"><rect\/><\/svg>$/)
  })

  it('finds the root behind what may precede it, and adds a namespace that is missing', () => {
    const prolog = '\uFEFF<?xml version="1.0"?>\n<!-- <svg width="1"> -->\n<!DOCTYPE svg [<!ENTITY a "b>">]>\n'
    expect(sizedSvg(`${prolog}<svg viewBox="0 0 1 1"/>`, STICKERS.picture)!.markup).toBe(
      `<svg width="128" height="128" ${XMLNS} viewBox="0 0 1 1"/>`,
    )
    expect(sizedSvg('<s:svg xmlns:s="http://www.w3.org/2000/svg" aria-label="a > b"/>', STICKERS.picture)!.markup).toBe(
      '<s:svg width="128" height="64" viewBox="0 0 300 150" xmlns:s="http://www.w3.org/2000/svg" aria-label="a > b"/>',
    )
  })

  it.each(['', 'words', '<html><svg/></html>', '<svgs/>', '<svg'])('knows that “%s” is none', (text) => {
    expect(sizedSvg(text, STICKERS.picture)).toBeUndefined()
  })
})
