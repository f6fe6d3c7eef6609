import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { EMOJI_NAMES } from './emoji_names'
import { complete, correct, remarkOn, saysSomething } from './words'

const folder = new URL('../../packages/vq-diffusion-emoji/emoji-16x16/', import.meta.url)
const model = new WordTokenizer(JSON.parse(readFileSync(new URL('tokenizer/tokenizer.json', folder), 'utf8')))
const named = (name: string, hasTones = false) => ({ name, hasTones })

describe('a completion', () => {
  const names = [
    named('red heart'),
    named('cat with tears of joy'),
    named('cat face'),
    named('black cat'),
    named('heart with arrow'),
    named('thumbs up', true),
  ]
  const words = ['hearty', 'happy', 'happily', 'cat', 'catty', 'red']
  const textsOf = (text: string, count = 8) => complete(text, names, words, count).map((completion) => completion.text)

  it('is a whole name that begins so, then one that contains it, in the order of the names', () => {
    expect(textsOf('cat')).toEqual(['cat with tears of joy', 'cat face', 'black cat'])
    expect(textsOf('he')).toEqual(['heart with arrow', 'red heart'])
    expect(textsOf('cat', 2)).toEqual(['cat with tears of joy', 'cat face'])
  })
  it('is of the last words of the text, as many as begin a name', () => {
    expect(textsOf('a red he')).toEqual(['red heart', 'heart with arrow'])
    expect(complete('a red he', names, words, 1)).toEqual([{ text: 'red heart', start: 2, end: 8 }])
    expect(textsOf('cat t')).toEqual(['cat with tears of joy', 'thumbs up'].slice(0, 1))
  })
  it('goes on after a space, and begins anew after a comma', () => {
    expect(textsOf('cat ')).toEqual(['cat with tears of joy', 'cat face'])
    expect(complete('A Cat  ', names, words, 1)).toEqual([{ text: 'cat with tears of joy', start: 2, end: 7 }])
    expect(textsOf('cat, ')).toEqual([])
    expect(complete('ghost, bla', names, words, 1)).toEqual([{ text: 'black cat', start: 7, end: 10 }])
  })
  it('is a word, the shortest first, only if no name begins with it', () => {
    expect(textsOf('hap')).toEqual(['happy', 'happily'])
    expect(textsOf('re')).toEqual(['red heart'])
  })
  it('is none of one letter, of the whole name, or without words', () => {
    for (const text of ['c', 'a ', 'black cat', '', ' ', '!', 'xyz']) expect(textsOf(text)).toEqual([])
  })
  it('is a name that contains what is a name by itself', () => {
    const some = [named('cat'), named('black cat')]
    expect(complete('cat', some, words, 8).map(({ text }) => text)).toEqual(['black cat'])
    expect(complete('a black cat', some, words, 8)).toEqual([])
  })
  it('offers tones of skin once the name is typed', () => {
    expect(textsOf('thum')).toEqual(['thumbs up'])
    const tones = ['light', 'medium', 'dark'].map((tone) => `thumbs up ${tone} skin tone`)
    expect(textsOf('thumbs up')).toEqual(tones)
    expect(textsOf('thumbs up ')).toEqual(tones)
    expect(textsOf('thumbs up m')).toEqual([tones[1]])
  })
  it('knows the words of the model', () => {
    const offered = complete('cat', EMOJI_NAMES, model.words, 8).map(({ text }) => text)
    expect(offered).toContain('cat face')
    expect(offered.flatMap((text) => text.split(' ')).filter((word) => !model.knows(word))).toEqual([])
  })
})

describe('a correction', () => {
  const textsOf = (text: string) => correct(text, EMOJI_NAMES, model, 3).map((correction) => correction.text)

  it.each([
    ['pnada', 'panda'],
    ['buterfly', 'butterfly'],
    ['gohst', 'ghost'],
    ['hart', 'heart'],
    ['aple', 'apple'],
  ])('of “%s” is “%s”', (slip, word) => {
    expect(textsOf(slip)).toContain(word)
  })
  it('takes the place of the last unknown word', () => {
    expect(correct('Red hart, panda', EMOJI_NAMES, model, 1)).toEqual([
      { word: 'hart', text: expect.any(String), start: 4, end: 8 },
    ])
  })
  it('is none of known words, of short ones, or of what is like no word', () => {
    for (const text of ['panda', 'qw', 'qwzx', 'xqzjvkwy', '']) expect(textsOf(text)).toEqual([])
  })
})

describe('a prompt', () => {
  it.each(['', ' ', 'panda', 'qwzx panda', '🐼', 'the', 'on arrow', 'PANDA!'])('“%s” says something', (prompt) => {
    expect(saysSomething(prompt, model)).toBe(true)
  })
  it.each(['qwzx', 'qwzx 🇩🇪', 'the qwzx', 'a qwzx of the zzyzx', '!?', '🇩🇪', 'панда'])(
    '“%s” says nothing',
    (prompt) => {
      expect(saysSomething(prompt, model)).toBe(false)
    },
  )
})

describe('a remark on a prompt', () => {
  it.each([
    ['', ''],
    ['red panda', ''],
    ['qwzx panda zzyzx', 'ignored: qwzx, zzyzx'],
    ['🐼 👍🏽', '🐼 panda, 👍🏽 thumbs up medium skin tone'],
    ['pnada', 'Unknown: pnada. Did you mean panda?'],
    ['the qwzx', 'Unknown: qwzx. Try panda, red heart or ghost.'],
    ['qwzx zzyzx kwzzq xqzz', 'Unknown: qwzx, zzyzx and 2 more. Try panda, red heart or ghost.'],
    ['!?', 'Unknown: “!?”. Try panda, red heart or ghost.'],
  ])('“%s”: “%s”', (prompt, remark) => {
    expect(remarkOn(prompt, model)).toEqual({ text: remark, warns: /Unknown|ignored/.test(remark) })
  })
  it('leaves the word alone that is being typed', () => {
    expect(remarkOn('qwzx pan', model, 'pan').text).toBe('ignored: qwzx')
    expect(remarkOn('pan', model, 'pan').text).toBe('')
  })
})
