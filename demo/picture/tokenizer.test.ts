import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { splitWords, Tokenizer, wordAtEnd } from './tokenizer'

const file = JSON.parse(
  readFileSync(new URL('../public/models/emoji-16x16/tokenizer/tokenizer.json', import.meta.url), 'utf8'),
)
const tokenizer = new Tokenizer(file)
const wordsOf = (ids: Int32Array) => [...ids].map((id) => file.vocab[id])

describe('splitWords', () => {
  it('lowers the case and splits at spaces and hyphens', () => {
    expect(splitWords('  Red-Heart\tof  the SEA ')).toEqual(['red', 'heart', 'of', 'the', 'sea'])
  })
  it('sees no punctuation', () => {
    expect(splitWords('“Red heart.” (A cat,smiling)…')).toEqual(['red', 'heart', 'a', 'cat', 'smiling'])
    expect(splitWords('"ghost" + 8ball/moon!')).toEqual(['ghost', '8ball', 'moon'])
  })
  it('joins what an apostrophe divides, as the vocabulary does', () => {
    expect(splitWords("five o'clock, the man’s 'hat'")).toEqual(['five', 'oclock', 'the', 'mans', 'hat'])
    expect(tokenizer.encode("o'clock man's c'mon", 'any').ignored).toEqual([])
  })
  it('leaves letters of other languages and emoji whole', () => {
    expect(splitWords('Grüner apfel\u0308 雪 ❤️👻')).toEqual(['grüner', 'apfel\u0308', '雪', '❤', '👻'])
  })
  it('finds nothing in nothing', () => {
    expect(splitWords(' - ... \'" ')).toEqual([])
  })
})

it('knows the word that is being typed', () => {
  expect(wordAtEnd('a red but')).toBe('but')
  expect(wordAtEnd('t-shi')).toBe('shi')
  expect(wordAtEnd("five o'clo")).toBe("o'clo")
  expect(wordAtEnd('red, "gho')).toBe('gho')
  expect(wordAtEnd('red ')).toBe('')
})

describe('encode', () => {
  it('puts the style first, then the words, then padding', () => {
    const { ids, ignored } = tokenizer.encode('red heart', '3d')
    expect(wordsOf(ids)).toEqual(['style:3d', 'red', 'heart', ...Array(13).fill('<pad>')])
    expect(ids[3]).toBe(0)
    expect(ignored).toEqual([])
  })
  it('is the unconditional input when nothing is asked for', () => {
    expect(tokenizer.encode('', 'any').ids).toEqual(new Int32Array(16))
  })
  it('leaves unknown words out and reports them', () => {
    const { ids, ignored } = tokenizer.encode('red florbish, heart. xqz', 'any')
    expect(wordsOf(ids).slice(0, 4)).toEqual(['<pad>', 'red', 'heart', '<pad>'])
    expect(ignored).toEqual(['florbish', 'xqz'])
  })
  it('does not let a prompt name a style or the padding', () => {
    const { ids, ignored } = tokenizer.encode('style:3d <pad>', 'noto')
    // There is a drawing of a pad.
    expect(wordsOf(ids).slice(0, 4)).toEqual(['style:noto', 'style', 'pad', '<pad>'])
    expect(ignored).toEqual(['3d'])
    expect(tokenizer.knows('style:3d')).toBe(false)
    expect(tokenizer.knows('<pad>')).toBe(false)
  })
  it('cuts at sixteen tokens, and reports what is beyond', () => {
    const { ids, ignored } = tokenizer.encode(`florbish ${'red '.repeat(15)} big xqz heart`, 'flat')
    expect(wordsOf(ids)).toEqual(['style:flat', ...Array(15).fill('red')])
    expect(ignored).toEqual(['florbish', 'big', 'xqz', 'heart'])
    expect(tokenizer.encode('red '.repeat(15), 'flat').ignored).toEqual([])
  })
})

describe('complete', () => {
  it('offers words that continue what is typed, the shortest first, without the word itself', () => {
    expect(tokenizer.complete('hear', 3)).toEqual(['heart', 'hearth', 'hearts'])
    expect(tokenizer.complete('heart', 9)).not.toContain('heart')
  })
  it('never offers a style', () => {
    expect(tokenizer.complete('style', 99).every((word) => !word.includes(':'))).toBe(true)
  })
})
