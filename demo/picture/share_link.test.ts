import { describe, expect, it } from 'vitest'
import type { Picture } from './picture'
import { readPictureSettings } from './settings'
import { readShareLink, shareLink } from './share_link'

const defaults = readPictureSettings(new URLSearchParams())
const picture: Picture = {
  tokens: Uint16Array.from({ length: 256 }, (_, i) => 4095 - i),
  settings: {
    prompt: 'grüner Apfel & "Ei" 🥚#?',
    style: 'noto',
    steps: 9,
    guidance: 3.5,
    seed: 2 ** 53 - 1,
    truncation: 0.5,
    method: 'purity',
    priorWeight: 2.5,
    spacing: 'leading',
  },
  origin: 'drawn',
  modelHash: '0123456789abcdef'.repeat(4),
}
const base = new URL('https://example.org/some/path/?engine=cpu&auto=1#elsewhere')
const link = shareLink(base, picture)
const read = (href: string) => readShareLink(new URL(href))

describe('shareLink', () => {
  it('uses only origin and path of the base', () => {
    expect(link).toMatch(/^https:\/\/example\.org\/some\/path\/\?prompt=/)
    expect(link).not.toMatch(/engine|auto|elsewhere|count/)
  })
  it('needs no escaping in the fragment and has fewer than 1000 characters', () => {
    expect(new URL(link).hash).toMatch(/^#picture=0123456789ab\.[\w-]{512}$/)
    expect(link.length).toBeLessThan(1000)
  })
  it('rejects a picture with masked tokens', () => {
    expect(() => shareLink(base, { ...picture, tokens: picture.tokens.with(0, 4096) })).toThrow(
      'The picture is not finished yet.',
    )
  })
})

describe('readShareLink', () => {
  it('restores the picture, as opened, with the first characters of the hash', () => {
    expect(read(link)).toEqual({ ...picture, origin: 'opened', modelHash: '0123456789ab' })
  })
  it('returns undefined for a URL without a picture', () => {
    expect(read('https://example.org/?prompt=ghost')).toBeUndefined()
    expect(read('https://example.org/#top')).toBeUndefined()
  })
  it('says why a link is damaged', () => {
    expect(() => read(link.slice(0, -5))).toThrow('507 characters instead of 512')
    expect(() => read(`${link}.`)).not.toThrow()
    expect(() => read(`${link}AA`)).toThrow('514 characters')
    expect(() => read(`${link.slice(0, -1)}%`)).toThrow('does not belong there: %')
    expect(() => read(link.replace('0123456789ab.', ''))).toThrow('0 characters')
    expect(() => read(link.replace('0123456789ab.', 'xyz.'))).toThrow('which model')
    expect(() => read('https://example.org/#picture=')).toThrow('The link is damaged')
  })
  it('replaces invalid settings by the defaults', () => {
    const odd = read(link.replace(/\?[^#]*/, '?style=cubist&steps=1e9&truncation=NaN&method=magic&spacing='))!
    expect(odd.settings).toEqual({ ...defaults, steps: 100 })
  })
})
