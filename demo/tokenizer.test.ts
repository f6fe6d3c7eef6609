import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { splitWords, Tokenizer } from './tokenizer'

const file = JSON.parse(
  readFileSync(new URL('./public/models/emoji-16x16/tokenizer/tokenizer.json', import.meta.url), 'utf8'),
)
const tokenizer = new Tokenizer(file)
const wordsOf = (ids: Int32Array) => [...ids].map((id) => file.vocab[id])

describe('splitWords', () => {
  it('lowers the case and splits at spaces and hyphens', () => {
    expect(splitWords('  Red-Heart\tof  the SEA ')).toEqual(['red', 'heart', 'of', 'the', 'sea'])
  })
  it('finds nothing in nothing', () => {
    expect(splitWords(' - ')).toEqual([])
  })
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
    const { ids, ignored } = tokenizer.encode('red florbish heart, xqz', 'any')
    expect(wordsOf(ids).slice(0, 3)).toEqual(['<pad>', 'red', '<pad>'])
    expect(ignored).toEqual(['florbish', 'heart,', 'xqz'])
  })
  it('does not let a prompt name a style or the padding', () => {
    const { ids, ignored } = tokenizer.encode('style:3d <pad>', 'noto')
    expect(wordsOf(ids).slice(0, 2)).toEqual(['style:noto', '<pad>'])
    expect(ignored).toEqual(['style:3d', '<pad>'])
  })
  it('cuts at sixteen tokens', () => {
    const { ids } = tokenizer.encode(Array(40).fill('red').join(' '), 'flat')
    expect(wordsOf(ids)).toEqual(['style:flat', ...Array(15).fill('red')])
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
