import { addMetadata } from 'meta-png'
import { describe, expect, it } from 'vitest'
import { STICKERS } from '../model/stickers'
import type { Picture } from './picture'
import { readPngMetadata, writePngMetadata } from './png_metadata'
import { readPictureSettings } from './settings'

/** One transparent pixel, from a browser's canvas. */
const png = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
    'base64',
  ),
)
const KEYWORD = 'vq-diffusion-webgpu'
const defaults = readPictureSettings(new URLSearchParams(), STICKERS)
const picture: Picture = {
  tokens: Uint16Array.from({ length: 256 }, (_, i) => 16 * i),
  grid: STICKERS.grid,
  settings: {
    ...defaults,
    prompt: 'red heart',
    style: '3d',
    seed: 11,
    method: 'purity',
    priorWeight: 3,
    truncation: 1,
  },
  origin: 'varied',
  modelHash: 'abcdef0123456789'.repeat(4),
}

async function save(changed: Partial<Picture> = {}, image: Blob | Uint8Array<ArrayBuffer> = png) {
  const blob = await writePngMetadata(image, { ...picture, ...changed })
  return new Uint8Array(await blob.arrayBuffer())
}
/** A file with an intact chunk that contains `text`. */
const forge = (text: string) => addMetadata(png, KEYWORD, text) as Uint8Array<ArrayBuffer>
const valid = { ...picture.settings, modelHash: picture.modelHash, tokens: 'A'.repeat(512) }
const indexOf = (bytes: Uint8Array, text: string) => Buffer.from(bytes).indexOf(text)

describe('a saved picture', () => {
  it('is read back as opened, and is otherwise the same file', async () => {
    const saved = await save()
    expect(readPngMetadata(saved, STICKERS)).toEqual({ ...picture, origin: 'opened' })
    expect(saved.slice(0, 33)).toEqual(png.slice(0, 33))
    expect(saved.slice(33 - png.length)).toEqual(png.slice(33))
  })
  it('says that it is unfinished', async () => {
    expect(readPngMetadata(await save({ unfinished: true }), STICKERS)!.unfinished).toBe(true)
  })
  it('can be made from a blob and has the type of a PNG', async () => {
    const blob = await writePngMetadata(new Blob([png]), picture)
    expect(blob.type).toBe('image/png')
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(await save())
  })
  it.each(['grüner Apfel', 'say "cheese" \\ \'', '🥚 ❤️', '</script>', '日本', '\u0000\u001f\u007f\u0085', ''])(
    'keeps the prompt %j, in ASCII',
    async (prompt) => {
      const saved = await save({ settings: { ...picture.settings, prompt } })
      expect(readPngMetadata(saved, STICKERS)!.settings.prompt).toBe(prompt)
      const text = saved.subarray(indexOf(saved, KEYWORD) + KEYWORD.length + 1, indexOf(saved, 'IDAT') - 8)
      expect(text.every((byte) => byte >= 32 && byte < 127)).toBe(true)
    },
  )
  it('has the last metadata if it was written twice', async () => {
    const twice = await save({ settings: { ...picture.settings, seed: 99 } }, await save())
    expect(readPngMetadata(twice, STICKERS)!.settings.seed).toBe(99)
  })
  it('cannot be written for an unfinished picture', async () => {
    await expect(save({ tokens: picture.tokens.with(3, 4096) })).rejects.toThrow('not finished')
  })
})

describe('a file without the chunk', () => {
  it('has no picture', () => {
    expect(readPngMetadata(png, STICKERS)).toBeUndefined()
    expect(readPngMetadata(new Uint8Array(), STICKERS)).toBeUndefined()
    expect(readPngMetadata(Uint8Array.from(Buffer.from('GIF89a, and more of it')), STICKERS)).toBeUndefined()
    expect(readPngMetadata(png.slice(0, 40), STICKERS)).toBeUndefined()
    expect(readPngMetadata(addMetadata(png, 'Software', KEYWORD) as Uint8Array<ArrayBuffer>, STICKERS)).toBeUndefined()
    const goesOn = Uint8Array.of(...png, 1, 2, 3)
    expect(readPngMetadata(goesOn, STICKERS)).toBeUndefined()
  })
})

describe('a damaged file', () => {
  it('is reported if it ends within the chunk, and has no picture if it ends before', async () => {
    const saved = await save()
    const [start, end] = [indexOf(saved, KEYWORD) + KEYWORD.length, indexOf(saved, 'IDAT') - 4]
    expect(readPngMetadata(saved.slice(0, end), STICKERS)).toEqual({ ...picture, origin: 'opened' })
    for (const length of [start + 1, start + 40, end - 5, end - 1]) {
      expect(() => readPngMetadata(saved.slice(0, length), STICKERS), String(length)).toThrow('The file is damaged')
    }
    expect(readPngMetadata(saved.slice(0, start - 5), STICKERS)).toBeUndefined()
  })
  it('is reported if one character differs', async () => {
    const saved = await save()
    saved[indexOf(saved, 'red heart')] = 'b'.charCodeAt(0)
    expect(() => readPngMetadata(saved, STICKERS)).toThrow('checksum')
  })
})

describe('a malicious file', () => {
  it.each([
    '',
    '{',
    'null',
    '1',
    '[]',
    '"text"',
    '{}',
    '{"tokens":[]}',
    JSON.stringify({ ...valid, tokens: 'A'.repeat(511) }),
    JSON.stringify({ ...valid, tokens: ['A'.repeat(512)], modelHash: '<b>' }),
    JSON.stringify({ ...valid, modelHash: 7 }),
    JSON.stringify({ ...valid, tokens: { toString: 1 } }),
    '['.repeat(50_000),
  ])('is rejected with a sentence: %.40j', (text) => {
    expect(() => readPngMetadata(forge(text), STICKERS)).toThrow(
      /^The file is damaged, so its settings cannot be restored\./,
    )
  })
  it('cannot set invalid settings', () => {
    const text = JSON.stringify({
      ...valid,
      prompt: { toString: 'x' },
      style: 'constructor',
      steps: 1e308,
      guidance: -1,
      seed: [7],
      guidedFrom: {},
      guidedTo: Number.NaN,
      truncation: null,
      method: '__proto__',
      priorWeight: 'NaN',
      spacing: true,
      count: 16,
      extra: 'more',
    }).replace('{', '{"__proto__":{"polluted":1},')
    const missing = { guidedFrom: 0, truncation: 0.86 }
    expect(readPngMetadata(forge(text), STICKERS)!.settings).toEqual({
      ...defaults,
      ...missing,
      steps: 100,
      guidance: 1,
    })
    expect({}).not.toHaveProperty('polluted')
  })
})
