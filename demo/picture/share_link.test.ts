import { describe, expect, it } from 'vitest'
import { type Model, sizeOf } from '../model/model'
import { STICKERS } from '../model/stickers'
import { CLASSES, TEXTS } from '../model/test_models'
import { otherGridNotice } from './model_hash'
import type { Picture } from './picture'
import { type PictureSettings, readPictureSettings } from './settings'
import { readShareLink, shareLink } from './share_link'

const defaults = readPictureSettings(new URLSearchParams(), STICKERS)
const picture: Picture = {
  tokens: Uint16Array.from({ length: 256 }, (_, i) => 4095 - i),
  grid: STICKERS.grid,
  settings: {
    prompt: 'grüner Apfel & "Ei" 🥚#?',
    negative: 'worm, & 🐛',
    style: 'noto',
    steps: 9,
    guidance: 3.5,
    guidedFrom: 30,
    guidedTo: 80,
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
const link = shareLink(base, picture, STICKERS)
/** As links were before they had a checksum. */
const old = link.slice(0, -7)
const read = (href: string) => readShareLink(new URL(href), STICKERS)?.picture

function readOrUndefined(href: string) {
  try {
    return read(href)
  } catch {
    return undefined
  }
}

describe('shareLink', () => {
  it('uses only origin and path of the base', () => {
    expect(link).toMatch(/^https:\/\/example\.org\/some\/path\/\?prompt=/)
    expect(link).not.toMatch(/engine|auto|elsewhere|count/)
  })
  it('needs no escaping in the fragment and has fewer than 1000 characters', () => {
    expect(new URL(link).hash).toMatch(/^#picture=0123456789ab\.[\w-]{512}\.[\w-]{6}$/)
    expect(link.length).toBeLessThan(1000)
  })
  it('rejects a picture with masked tokens', () => {
    expect(() => shareLink(base, { ...picture, tokens: picture.tokens.with(0, 4096) }, STICKERS)).toThrow(
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
    expect(() => read(old.slice(0, -5))).toThrow('507 characters instead of 512')
    expect(() => read(`${old}AA`)).toThrow('514 characters')
    expect(() => read(`${old.slice(0, -100)}%`)).toThrow('412 characters')
    expect(() => read(old.replace('0123456789ab.', ''))).toThrow('0 characters')
    expect(() => read(link.replace('0123456789ab.', 'xyz.'))).toThrow('which model')
    expect(() => read('https://example.org/#picture=')).toThrow('The link is damaged')
  })
  it('finds every changed, missing or doubled character', () => {
    const start = link.indexOf('#') + 1
    const damaged: string[] = []
    for (let at = start; at < link.length; at++) {
      const [before, character, after] = [link.slice(0, at), link[at]!, link.slice(at + 1)]
      for (const other of ['A', 'b', '7', '-', '_', '.', '=']) {
        if (other !== character) damaged.push(`${before}${other}${after}`)
      }
      damaged.push(`${before}${after}`, `${before}${character}${character}${after}`)
    }
    const opened = damaged.map((href) => readOrUndefined(href)).filter((read) => read !== undefined)
    // What is opened is the right picture: the change is behind it.
    for (const { tokens, settings } of opened)
      expect({ tokens, settings }).toEqual({ tokens: picture.tokens, settings: picture.settings })
    expect(damaged.length).toBeGreaterThan(4000)
    expect(opened.length).toBeLessThan(40)
  })
  it('opens a link whose settings were changed, and says so', () => {
    expect(readShareLink(new URL(link), STICKERS)!.remark).toBe('')
    for (const [setting, other] of [
      ['seed=9007199254740991', 'seed=9007199254740990'],
      ['steps=9', 'steps=8'],
      ['noto', 'blob'],
      ['Apfel', 'Apfol'],
    ] as const) {
      const { picture: opened, remark } = readShareLink(new URL(link.replace(setting, other)), STICKERS)!
      expect(opened.tokens).toEqual(picture.tokens)
      expect(remark).toBe('The settings in the link were changed since it was shared.')
    }
  })
  it('opens a link whose prompt is longer than the form allows', () => {
    const long = shareLink(base, { ...picture, settings: { ...picture.settings, prompt: 'red '.repeat(99) } }, STICKERS)
    expect(read(long)!.settings.prompt).toHaveLength(200)
  })
  it.each([
    ')',
    '.',
    ',',
    '>',
    '"',
    '’',
    '!',
    '_',
    '**',
    '&utm_source=chat',
    '?fbclid=x1',
    '%29',
    '%3E',
    ').',
    '\u200b',
    'A',
  ])('opens a link that %s was appended to', (tail) => {
    expect(read(`${link}${tail}`)).toEqual(read(link))
    // Without a checksum, a letter could also have been inserted before.
    if (!/^[\w-]/.test(tail)) expect(read(`${old}${tail}`)).toEqual(read(old))
  })
  it('opens a link with parameters of others in its query', () => {
    expect(read(link.replace('#', '&utm_source=chat&fbclid=7#'))).toEqual(read(link))
  })
  it('opens a link without a checksum', () => {
    expect(read(old)).toEqual({ ...picture, origin: 'opened', modelHash: '0123456789ab' })
  })
  it('replaces invalid settings by the defaults', () => {
    const odd = read(old.replace(/\?[^#]*/, '?style=cubist&steps=1e9&truncation=NaN&method=magic&spacing='))!
    expect(odd.settings).toEqual({ ...defaults, steps: 100, guidance: 2.5, guidedFrom: 0, guidedTo: 99 })
  })
  it('opens a link of before presets with the guidance and the truncation that it was drawn with', () => {
    const before = 'prompt=ghost&style=any&steps=16&guidance=2.5&seed=7'
    const drawnWith = { steps: 16, guidance: 2.5, guidedFrom: 0, guidedTo: 99, truncation: 0.86 }
    expect(read(link.replace(/\?[^#]*/, `?${before}`))!.settings).toMatchObject(drawnWith)
    expect(read(link.replace(/\?[^#]*/, `?${before}&truncation=0.5`))!.settings).toMatchObject({
      ...drawnWith,
      truncation: 0.5,
    })
  })
})

describe('a picture of another model', () => {
  const link = (model: Model, settings: Partial<PictureSettings>, address = '') => {
    const tokens = Uint16Array.from({ length: sizeOf(model.grid) }, (_, i) => (7 * i * i + 3) % model.grid.numCodes)
    const defaults = readPictureSettings(new URLSearchParams(), model)
    const picture: Picture = { ...drawn, tokens, grid: model.grid, settings: { ...defaults, ...settings } }
    return { picture, href: shareLink(new URL(`https://example.org/studio/${address}`), picture, model) }
  }
  const drawn = { origin: 'drawn', modelHash: 'f'.repeat(64) } as const

  it('has its grid and its class in the link', () => {
    const { picture: shared, href } = link(CLASSES, { classLabel: 7, steps: 3 })
    expect(href).toMatch(/\?classLabel=7&.*#picture=f{12}-3x5x24\.[\w-]{30}\.[\w-]{6}$/)
    expect(href).not.toMatch(/prompt|style/)
    const read = readShareLink(new URL(href), CLASSES)!
    expect(read).toEqual({ picture: { ...shared, origin: 'opened', modelHash: 'f'.repeat(12) }, remark: '' })
    for (const tail of [')', '.', '&utm_source=chat'])
      expect(readShareLink(new URL(href + tail), CLASSES)).toEqual(read)
  })
  it('has three characters for each of more than 4096 codes, and a long prompt', () => {
    const { picture: shared, href } = link(TEXTS, { prompt: 'bear '.repeat(150).trim() })
    expect(href).toMatch(/#picture=f{12}-4x4x16384\.[\w-]{48}\./)
    expect(readShareLink(new URL(href), TEXTS)!.picture).toMatchObject({
      tokens: shared.tokens,
      settings: shared.settings,
    })
  })
  it('has the address of its model, of what is in the address of the page', () => {
    const { href } = link(TEXTS, {}, '?model=models/a%20b&engine=cpu')
    expect(href).toMatch(/^https:\/\/example\.org\/studio\/\?model=models%2Fa\+b&prompt=/)
    expect(href).not.toContain('engine')
  })
  it('is told apart by the page of another model', () => {
    const { href } = link(CLASSES, { classLabel: 7 })
    const { picture: read } = readShareLink(new URL(href), STICKERS)!
    expect(otherGridNotice(read, STICKERS)).toBe(
      'Another model drew this picture (ffffffff), of 5 × 3 tokens of 24 codes; that of this page, emoji-16x16, has ' +
        '16 × 16 tokens of 4096 codes. Open that model first: drop its folder here.',
    )
    expect(otherGridNotice(read, CLASSES)).toBe('')
    const { picture: sticker } = readShareLink(new URL(shareLink(base, picture, STICKERS)), CLASSES)!
    expect(otherGridNotice(sticker, CLASSES)).toMatch(
      /of 16 × 16 tokens of 4096 codes; that of this page, ten classes.* Stickers open on the page without another model\.$/,
    )
  })
  it('is damaged if a grid or a code is none of the model', () => {
    const { href } = link(CLASSES, {})
    expect(() => readShareLink(new URL(href.replace('-3x5x24', '-3x0x24')), CLASSES)).toThrow('of how many tokens')
    expect(() => readShareLink(new URL(href.replace('-3x5x24', '-9999x9999x24')), CLASSES)).toThrow(
      'of how many tokens',
    )
    expect(() => readShareLink(new URL(href.replace('-3x5x24', '-3x5x3')), CLASSES)).toThrow('and the model has 3')
    expect(() => readShareLink(new URL(href.replace('-3x5x24', '-3x6x24')), CLASSES)).toThrow(
      '30 characters instead of 36',
    )
    expect(() => readShareLink(new URL(href.replace('-3x5x24', '-5x3x24')), CLASSES)).toThrow('was changed')
  })
})
