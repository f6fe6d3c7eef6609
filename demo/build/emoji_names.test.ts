import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { captionOf, emojiLines } from './emoji_names'

const { resolve } = createRequire(import.meta.url)
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const entries = read(resolve('emojibase-data/en/data.json'))
const vocab = new Set<string>(read(resolve('vq-diffusion-emoji/emoji-16x16/tokenizer/tokenizer.json')).vocab)
const lines = emojiLines(entries, vocab, {})

it('names emoji as captions do', () => {
  expect(captionOf('kiss: woman, man')).toBe('kiss woman man')
  expect(captionOf('woman’s hat')).toBe('womans hat')
  expect(captionOf('Japanese “here” button')).toBe('japanese here button')
  expect(captionOf('piñata')).toBe('pinata')
})

it('has only names all of whose words the model knows, and no flags of countries', () => {
  const words = lines.flatMap((line) => line.replace(/^\S+ |\*$/g, '').split(' '))
  expect(words.filter((word) => !vocab.has(word))).toEqual([])
  expect(lines.filter((line) => /\p{Regional_Indicator}/u.test(line))).toEqual([])
})

it('has each emoji once, in at most 60 kB', () => {
  const emoji = lines.map((line) => line.split(' ')[0])
  expect(new Set(emoji).size).toBe(emoji.length)
  expect(emoji.length).toBeGreaterThan(1500)
  expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(60_000)
})

it('has the surest names first, and of equals those of more sets of drawings', () => {
  const entry = (label: string, version: number) => ({ label, emoji: label, version })
  const some = [entry('new', 15), entry('older', 0.6), entry('old', 1), entry('sure', 15), entry('unsure', 1)]
  const order = emojiLines(some, new Set(some.map(({ label }) => label)), { sure: 1, unsure: 0.2 })
  expect(order.map((line) => line.split(' ')[1])).toEqual(['sure', 'unsure', 'older', 'old', 'new'])
})

it('knows how surely the model draws nearly every name', () => {
  const sureness = read(new URL('./name_sureness.json', import.meta.url).pathname)
  const names = lines.map((line) => line.replace(/^\S+ |\*$/g, ''))
  expect(names.filter((name) => !(name in sureness)).length).toBeLessThan(10)
})
