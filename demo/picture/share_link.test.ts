import { describe, expect, it } from 'vitest'
import type { Picture } from './picture'
import { readSettings } from './settings'
import { isSameModel, otherModelNotice, readPictureSettings, readShareLink, shareLink } from './share_link'

const { count: _, ...usual } = readSettings(new URLSearchParams())
const picture: Picture = {
  tokens: Uint16Array.from({ length: 256 }, (_, i) => 4095 - i),
  settings: {
    ...usual,
    ...{ prompt: 'grüner Apfel & "Ei" 🥚#?', style: 'noto', steps: 9, guidance: 3.5, seed: 2 ** 53 - 1 },
    ...{ truncation: 0.5, method: 'purity', priorWeight: 2.5, spacing: 'leading' },
  },
  origin: 'drawn',
  modelHash: '0123456789abcdef'.repeat(4),
}
const base = new URL('https://example.org/some/path/?engine=cpu&auto=1#elsewhere')
const link = shareLink(base, picture)
const read = (href: string) => readShareLink(new URL(href))

describe('shareLink', () => {
  it('takes only the place of the page', () => {
    expect(link).toMatch(/^https:\/\/example\.org\/some\/path\/\?prompt=/)
    expect(link).not.toMatch(/engine|auto|elsewhere|count/)
  })
  it('needs no escaping after the query and stays short enough to be sent', () => {
    expect(new URL(link).hash).toMatch(/^#picture=0123456789ab\.[\w-]{512}$/)
    expect(link.length).toBeLessThan(1000)
  })
  it('refuses a picture with masks in a sentence', () => {
    expect(() => shareLink(base, { ...picture, tokens: picture.tokens.with(0, 4096) })).toThrow(
      'The picture is not finished yet.',
    )
  })
})

describe('readShareLink', () => {
  it('gives back the picture, opened, with the beginning of the hash', () => {
    expect(read(link)).toEqual({ ...picture, origin: 'opened', modelHash: '0123456789ab' })
  })
  it('finds no picture where there is none', () => {
    expect(read('https://example.org/?prompt=ghost')).toBeUndefined()
    expect(read('https://example.org/#top')).toBeUndefined()
  })
  it('says what is wrong with a damaged link', () => {
    expect(() => read(link.slice(0, -5))).toThrow('507 characters instead of 512')
    expect(() => read(`${link}.`)).not.toThrow()
    expect(() => read(`${link}AA`)).toThrow('514 characters')
    expect(() => read(`${link.slice(0, -1)}%`)).toThrow('does not belong there: %')
    expect(() => read(link.replace('0123456789ab.', ''))).toThrow('0 characters')
    expect(() => read(link.replace('0123456789ab.', 'xyz.'))).toThrow('which model')
    expect(() => read('https://example.org/#picture=')).toThrow('The link is damaged')
  })
  it('takes no setting that makes no sense', () => {
    const odd = read(link.replace(/\?[^#]*/, '?style=cubist&steps=1e9&truncation=NaN&method=magic&spacing='))!
    expect(odd.settings).toEqual({ ...usual, steps: 100 })
  })
})

describe('readPictureSettings', () => {
  it('cuts a prompt that nobody typed, between characters', () => {
    const { prompt } = readPictureSettings(new URLSearchParams({ prompt: '🥚'.repeat(1000) }))
    expect(prompt).toBe('🥚'.repeat(200))
  })
})

describe('isSameModel', () => {
  it('compares as much as both have', () => {
    expect(isSameModel('0123456789ab', picture.modelHash)).toBe(true)
    expect(isSameModel(picture.modelHash, '0123456789ab')).toBe(true)
    expect(isSameModel('0123456789ac', picture.modelHash)).toBe(false)
  })
  it('is told to a person', () => {
    expect(otherModelNotice(picture, picture.modelHash)).toBe('')
    expect(otherModelNotice(picture, 'f'.repeat(64))).toContain('Another model drew this picture (01234567; here it is')
  })
})
