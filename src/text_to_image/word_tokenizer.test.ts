import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigError, OptionError } from '../errors'
import { splitWords, WordTokenizer } from './word_tokenizer'

const file = JSON.parse(
  readFileSync(
    new URL('../../packages/vq-diffusion-emoji/emoji-16x16/tokenizer/tokenizer.json', import.meta.url),
    'utf8',
  ),
)
const tokenizer = new WordTokenizer(file)
const wordsOf = (ids: Int32Array) => [...ids].map((id) => file.vocab[id])

describe('splitWords', () => {
  it('lowers the case and splits at spaces and hyphens', () => {
    expect(splitWords('  Red-Heart\tof  the SEA ')).toEqual(['red', 'heart', 'of', 'the', 'sea'])
  })
  it('drops punctuation', () => {
    expect(splitWords('“Red heart.” (A cat,smiling)…')).toEqual(['red', 'heart', 'a', 'cat', 'smiling'])
    expect(splitWords('"ghost" + 8ball/moon!')).toEqual(['ghost', '8ball', 'moon'])
  })
  it('joins words at apostrophes, as the vocabulary does', () => {
    expect(splitWords("five o'clock, the man’s 'hat'")).toEqual(['five', 'oclock', 'the', 'mans', 'hat'])
    expect(tokenizer.encode("o'clock man's c'mon").ignored).toEqual([])
  })
  it('keeps letters of other languages and emoji', () => {
    expect(splitWords('Grüner apfel\u0308 雪 ❤️👻')).toEqual(['grüner', 'apfel\u0308', '雪', '❤', '👻'])
  })
  it('reads full-width letters, ligatures and compatibility forms as ordinary letters', () => {
    expect(splitWords('ＲＥＤ　ｈｅａｒｔ')).toEqual(['red', 'heart'])
    expect(splitWords('ﬁre ﬂower №2²')).toEqual(['fire', 'flower', 'no22'])
    expect(splitWords('ａ ｄｏｇ＇ｓ oʼclock')).toEqual(['a', 'dogs', 'oclock'])
    expect(tokenizer.encode('ｒｅｄ　ﬁre').ids).toEqual(tokenizer.encode('red fire').ids)
  })
  it('reads over what has no shape', () => {
    expect(splitWords('but\u00adter\u2060fly \ufeffred')).toEqual(['butterfly', 'red'])
    expect(splitWords('red\u200bheart')).toEqual(['red', 'heart'])
  })
  it.each([
    ['flags', '🇩🇪🇺🇸 red 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇽', ['🇩🇪', '🇺🇸', 'red', '🏴', '🇽']],
    ['joined and coloured emoji', '👨‍👩‍👧 👍🏽', ['👨', '👩', '👧', '👍🏽']],
    ['keycaps', '1️⃣ #️⃣', ['1⃣', '#⃣']],
    ['symbols', '→ red ∞ € ★ \u{f8ff}', ['→', 'red', '∞', '€', '★', '\u{f8ff}']],
  ])('keeps %s, to be reported', (_, prompt, words) => {
    expect(splitWords(prompt)).toEqual(words)
    expect(tokenizer.encode(prompt).ignored).toEqual(words.filter((word) => word !== 'red'))
  })
  it('finds no word in punctuation', () => {
    expect(splitWords(' - ... \'" ')).toEqual([])
    expect(splitWords('¿ « » — … · • + < = | ~ ^ $ \u0301 \ud83d')).toEqual([])
  })
})

describe('encode', () => {
  it('puts the style first, then the words, then padding', () => {
    const { ids, ignored } = tokenizer.encode('red heart', { style: '3d' })
    expect(wordsOf(ids)).toEqual(['style:3d', 'red', 'heart', ...Array(13).fill('<pad>')])
    expect(ids[3]).toBe(0)
    expect(ignored).toEqual([])
  })
  it('gives the unconditional input for an empty prompt without a style', () => {
    expect(tokenizer.encode('').ids).toEqual(new Int32Array(16))
  })
  it('drops unknown words and reports them', () => {
    const { ids, ignored } = tokenizer.encode('red florbish, heart. xqz')
    expect(wordsOf(ids).slice(0, 4)).toEqual(['<pad>', 'red', 'heart', '<pad>'])
    expect(ignored).toEqual(['florbish', 'xqz'])
  })
  it('does not accept a style or the padding as a word', () => {
    const { ids, ignored } = tokenizer.encode('style:3d <pad>', { style: 'noto' })
    // The vocabulary has the word “pad”.
    expect(wordsOf(ids).slice(0, 4)).toEqual(['style:noto', 'style', 'pad', '<pad>'])
    expect(ignored).toEqual(['3d'])
    expect(tokenizer.knows('style:3d')).toBe(false)
    expect(tokenizer.knows('<pad>')).toBe(false)
  })
  it('truncates to 16 tokens and reports the other words', () => {
    const { ids, ignored } = tokenizer.encode(`florbish ${'red '.repeat(15)} big xqz heart`, { style: 'flat' })
    expect(wordsOf(ids)).toEqual(['style:flat', ...Array(15).fill('red')])
    expect(ignored).toEqual(['florbish', 'big', 'xqz', 'heart'])
    expect(tokenizer.encode('red '.repeat(15), { style: 'flat' }).ignored).toEqual([])
  })
  it('rejects a style that the model does not have', () => {
    expect(() => tokenizer.encode('red heart', { style: 'any' })).toThrow(OptionError)
    expect(() => tokenizer.encode('red heart', { style: 'any' })).toThrow('one of {3d, blob, emojione,')
  })
})

it('rejects the file of another tokenizer', () => {
  expect(() => new WordTokenizer({ ...file, type: 'bpe' })).toThrow(ConfigError)
  expect(() => new WordTokenizer({ model: {} })).toThrow('needs max_length, pad_id and vocab')
  expect(() => new WordTokenizer({ ...file, max_length: 0 })).toThrow('a max_length of at least 1')
  expect(() => new WordTokenizer({ ...file, pad_id: -1 })).toThrow('a pad_id of at least 0')
  expect(() => new WordTokenizer({ ...file, styles: ['oil'] })).toThrow('given no "style:oil"')
})
