import { addMetadata } from 'meta-png'
import { describe, expect, it } from 'vitest'
import type { Picture } from './picture'
import { readPictureFile, savePicture } from './png_metadata'
import { readSettings } from './settings'

/** One transparent pixel, from a browser's canvas. */
const png = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
    'base64',
  ),
)
const KEYWORD = 'vq-diffusion-webgpu'
const { count: _, ...usual } = readSettings(new URLSearchParams())
const picture: Picture = {
  tokens: Uint16Array.from({ length: 256 }, (_, i) => 16 * i),
  settings: { ...usual, prompt: 'red heart', style: '3d', seed: 11, method: 'purity', priorWeight: 3, truncation: 1 },
  origin: 'varied',
  modelHash: 'abcdef0123456789'.repeat(4),
}

async function save(changed: Partial<Picture> = {}, image: Blob | Uint8Array<ArrayBuffer> = png) {
  const blob = await savePicture(image, { ...picture, ...changed })
  return new Uint8Array(await blob.arrayBuffer())
}
/** A file whose chunk is sound and says `text`. */
const forge = (text: string) => addMetadata(png, KEYWORD, text) as Uint8Array<ArrayBuffer>
const honest = { ...picture.settings, modelHash: picture.modelHash, tokens: 'A'.repeat(512) }
const indexOf = (bytes: Uint8Array, text: string) => Buffer.from(bytes).indexOf(text)

describe('a saved picture', () => {
  it('comes back, opened, and is still the same image around its chunk', async () => {
    const saved = await save()
    expect(readPictureFile(saved)).toEqual({ ...picture, origin: 'opened' })
    expect(saved.slice(0, 33)).toEqual(png.slice(0, 33))
    expect(saved.slice(33 - png.length)).toEqual(png.slice(33))
  })
  it('can come from a blob and has the type of a PNG', async () => {
    const blob = await savePicture(new Blob([png]), picture)
    expect(blob.type).toBe('image/png')
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(await save())
  })
  it.each(['grüner Apfel', 'say "cheese" \\ \'', '🥚 ❤️', '</script>', '日本', '\u0000\u001f\u007f\u0085', ''])(
    'keeps the prompt %j, in ASCII',
    async (prompt) => {
      const saved = await save({ settings: { ...picture.settings, prompt } })
      expect(readPictureFile(saved)!.settings.prompt).toBe(prompt)
      const text = saved.subarray(indexOf(saved, KEYWORD) + KEYWORD.length + 1, indexOf(saved, 'IDAT') - 8)
      expect(text.every((byte) => byte >= 32 && byte < 127)).toBe(true)
    },
  )
  it('says the newest when it was saved twice', async () => {
    const twice = await save({ settings: { ...picture.settings, seed: 99 } }, await save())
    expect(readPictureFile(twice)!.settings.seed).toBe(99)
  })
  it('is not made of an unfinished picture', async () => {
    await expect(save({ tokens: picture.tokens.with(3, 4096) })).rejects.toThrow('not finished')
  })
})

describe('another file', () => {
  it('has no picture', () => {
    expect(readPictureFile(png)).toBeUndefined()
    expect(readPictureFile(new Uint8Array())).toBeUndefined()
    expect(readPictureFile(Uint8Array.from(Buffer.from('GIF89a, and more of it')))).toBeUndefined()
    expect(readPictureFile(png.slice(0, 40))).toBeUndefined()
    expect(readPictureFile(addMetadata(png, 'Software', KEYWORD) as Uint8Array<ArrayBuffer>)).toBeUndefined()
    const goesOn = Uint8Array.of(...png, 1, 2, 3)
    expect(readPictureFile(goesOn)).toBeUndefined()
  })
})

describe('a damaged file', () => {
  it('is told wherever it is cut in the chunk, and is no picture before', async () => {
    const saved = await save()
    const [start, end] = [indexOf(saved, KEYWORD) + KEYWORD.length, indexOf(saved, 'IDAT') - 4]
    expect(readPictureFile(saved.slice(0, end))).toEqual({ ...picture, origin: 'opened' })
    for (const length of [start + 1, start + 40, end - 5, end - 1]) {
      expect(() => readPictureFile(saved.slice(0, length)), String(length)).toThrow('The file is damaged')
    }
    expect(readPictureFile(saved.slice(0, start - 5))).toBeUndefined()
  })
  it('is told when a single character is another', async () => {
    const saved = await save()
    saved[indexOf(saved, 'red heart')] = 'b'.charCodeAt(0)
    expect(() => readPictureFile(saved)).toThrow('checksum')
  })
})

describe('a hostile file', () => {
  it.each([
    ...['', '{', 'null', '1', '[]', '"text"', '{}', '{"tokens":[]}'],
    JSON.stringify({ ...honest, tokens: 'A'.repeat(511) }),
    JSON.stringify({ ...honest, tokens: ['A'.repeat(512)], modelHash: '<b>' }),
    JSON.stringify({ ...honest, modelHash: 7 }),
    JSON.stringify({ ...honest, tokens: { toString: 1 } }),
    '['.repeat(50_000),
  ])('is refused in a sentence: %.40j', (text) => {
    expect(() => readPictureFile(forge(text))).toThrow(/^The file is damaged, so its settings cannot be restored\./)
  })
  it('cannot bring in settings that the page does not allow', () => {
    const text = JSON.stringify({
      ...honest,
      ...{ prompt: { toString: 'x' }, style: 'constructor', steps: 1e308, guidance: -1, seed: [7] },
      ...{ truncation: null, method: '__proto__', priorWeight: 'NaN', spacing: true, count: 16, extra: 'more' },
    }).replace('{', '{"__proto__":{"polluted":1},')
    expect(readPictureFile(forge(text))!.settings).toEqual({ ...usual, steps: 100, guidance: 1 })
    expect({}).not.toHaveProperty('polluted')
  })
})
