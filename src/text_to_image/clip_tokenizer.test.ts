import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConfigError, OptionError } from '../errors'
import { ClipTokenizer } from './clip_tokenizer'

interface Cases {
  readonly model_max_length: number
  readonly cases: readonly { readonly text: string; readonly slow_ftfy?: number[]; readonly authors?: number[] }[]
}

const folder = (name: string) => new URL(`../../test/fixtures/pipelines/${name}/`, import.meta.url)
const read = (name: string, path: string) => readFileSync(new URL(path, folder(name)), 'utf8')

/** `tokenizer.json` of a golden pipeline's vocabulary and merges. */
function fileOf(name: string, added: readonly string[]) {
  const tokenizer = name === 'authors' ? 'tokenizer' : 'pipeline/tokenizer'
  const vocab = JSON.parse(read(name, `${tokenizer}/vocab.json`)) as Record<string, number>
  const merges = read(name, `${tokenizer}/merges.txt`).trim().split('\n').slice(1)
  return {
    truncation: null as object | null,
    padding: null as { pad_id: number } | null,
    added_tokens: added.map((content) => ({ id: vocab[content]!, content })),
    model: { type: 'BPE', vocab, merges },
  }
}

const [start, end] = ['<|startoftext|>', '<|endoftext|>']
const file = fileOf('published', [start, end, '!'])
const tokenizer = new ClipTokenizer(file, 12)
const { vocab } = file.model
/** The symbols of the tokens without start, end and padding. */
const symbolsOf = (ids: Int32Array) =>
  [...ids]
    .filter((id) => id !== vocab[start] && id !== vocab[end] && id !== 0)
    .map((id) => Object.keys(vocab).find((symbol) => vocab[symbol] === id))

describe('ClipTokenizer', () => {
  it.each(['published', 'current', 'sharded'])("gives the ids of transformers' CLIPTokenizer for %s", (name) => {
    const { cases } = JSON.parse(read(name, 'tokenizer_cases.json')) as Cases
    const real = new ClipTokenizer(fileOf(name, [start, end, '!']), 400)
    for (const { text, slow_ftfy } of cases) {
      const padded = [...slow_ftfy!, ...Array(400 - slow_ftfy!.length).fill(0)]
      expect([...real.encode(text).ids], JSON.stringify(text)).toEqual(padded)
    }
  })

  it("gives the ids of the authors' tokenizer", () => {
    const { cases } = JSON.parse(read('authors', 'tokenizer_cases.json')) as Cases
    const real = new ClipTokenizer(fileOf('authors', []), 400)
    // Theirs left "Ã©" as it is.
    for (const { text, authors } of cases.filter(({ text }) => !text.includes('Ã©')))
      expect([...real.encode(text).ids].slice(1, authors!.length + 1), JSON.stringify(text)).toEqual(authors)
  })

  it("cuts prompts that are too long as diffusers' pipeline does, without an end, and names their words", () => {
    const fits = tokenizer.encode('bear '.repeat(10))
    expect([...fits.ids].at(-1)).toBe(vocab[end])
    expect(fits.ignored).toEqual([])
    const full = tokenizer.encode('bear '.repeat(11))
    expect([...full.ids].at(-1)).toBe(vocab['bear</w>'])
    expect(full.ignored).toEqual([])
    const cut = tokenizer.encode(`${'bear '.repeat(11)}Red pool, xyz`)
    expect(cut.ids).toEqual(full.ids)
    expect(cut.ignored).toEqual(['red', 'pool', ',', 'xyz'])
  })

  it('names a word of which a part is cut', () => {
    const { ids, ignored } = tokenizer.encode(`${'bear '.repeat(10)}xyz`)
    expect(symbolsOf(ids).at(-1)).toBe('x')
    expect(ignored).toEqual(['xyz'])
  })

  it('keeps the end if the file says that prompts are truncated', () => {
    const authors = new ClipTokenizer({ ...file, truncation: { max_length: 12 } }, 12)
    const { ids, ignored } = authors.encode('bear '.repeat(11))
    expect([...ids].slice(-2)).toEqual([vocab['bear</w>'], vocab[end]])
    expect(ignored).toEqual(['bear'])
  })

  it('pads with the token that the file says', () => {
    const other = new ClipTokenizer({ ...file, padding: { pad_id: 5 } }, 12)
    expect([...other.encode('').ids]).toEqual([vocab[start], vocab[end], ...Array(10).fill(5)])
  })

  it('reads merges as text and as pairs', () => {
    const pairs = file.model.merges.map((pair) => pair.split(' '))
    const other = new ClipTokenizer({ ...file, model: { ...file.model, merges: pairs } }, 12)
    expect(other.encode('a red heart').ids).toEqual(tokenizer.encode('a red heart').ids)
  })

  it.each([
    ['a &eacute; b', 'a &eacute; b'],
    ['&#x41;&#65; &NBSP;b', 'aa b'],
    ['<b>&amp;</b>', '<b>&amp;</b>'],
    ['&#99999999; &#0;', '&#99999999;'],
    ['Â°C Ã¼ber â€œquoteâ€\x9d', '°c über "quote"'],
    ['À «é»', 'à «é»'],
    ['ＲＥＤ\u3000ｶﾞ', 'red ガ'],
    ['\ud800x', '\ufffdx'],
    ['\x1ca\x85b\u2028c', 'a b c'],
  ])('cleans %j', (text, clean) => {
    expect(tokenizer.encode(text).ids).toEqual(tokenizer.encode(clean).ids)
  })

  it('takes a word of a hundred thousand letters in a moment', () => {
    const begun = performance.now()
    expect(tokenizer.encode('xy'.repeat(50_000)).ignored).toHaveLength(1)
    expect(tokenizer.encode('x y '.repeat(25_000)).ignored).toHaveLength(50_000 - 11)
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  it('has no styles', () => {
    expect(() => tokenizer.encode('bear', { style: 'flat' })).toThrow(OptionError)
    expect(() => tokenizer.encode('bear', { style: 'flat' })).toThrow('this model has no drawing styles; given "flat"')
    expect(() => tokenizer.encode(7 as never)).toThrow('A prompt needs to be a string; given 7')
  })

  it.each([
    ['undefined', undefined, 'needs the byte-pair encoding of CLIP'],
    ['a word list', { type: 'word', vocab: [] }, 'needs the byte-pair encoding of CLIP'],
    ['a list as vocabulary', { ...file, model: { ...file.model, vocab: [] } }, 'needs the byte-pair encoding'],
    ['tokens that are no integers', { ...file, model: { ...file.model, vocab: { a: 'b' } } }, 'byte-pair'],
    ['merges that are no pairs', { ...file, model: { ...file.model, merges: [['a']] } }, 'byte-pair'],
    ['an added token without an id', { ...file, added_tokens: [{ content: '!' }] }, 'byte-pair'],
    [
      'a padding of no token',
      { ...file, padding: { pad_id: '!' } },
      'pad_id of tokenizer.json needs to be a token; given "!"',
    ],
    [
      'no end',
      { ...file, added_tokens: [], model: { ...file.model, vocab: { [start]: 1 } } },
      'needs a token <|endoftext|>',
    ],
  ])('refuses a file with %s', (_, wrong, message) => {
    expect(() => new ClipTokenizer(wrong, 77)).toThrow(ConfigError)
    expect(() => new ClipTokenizer(wrong, 77)).toThrow(message)
  })
})
