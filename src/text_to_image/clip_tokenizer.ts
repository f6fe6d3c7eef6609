import { requireInteger, requireOptions, requireString } from '../checks'
import { ConfigError, OptionError } from '../errors'
import { kindOf } from '../kind'
import { valueText } from '../value_text'
import { cleanText } from './clean_text'
import type { EncodedPrompt } from './word_tokenizer'

/** The part of a `tokenizer.json` of Hugging Face that CLIP's tokenizer reads. */
export interface ClipTokenizerFile {
  /** Byte-pair encoding. */
  readonly model: {
    /** No other kind is read. */
    readonly type: 'BPE'
    /** The tokens by their symbols; the last symbols of words end in `</w>`. */
    readonly vocab: Readonly<Record<string, number>>
    /** Pairs of symbols in the order in which they are merged, as "a b" or ["a", "b"]. */
    readonly merges: readonly (string | readonly [string, string])[]
  }
  /** Symbols that stand for themselves wherever a prompt has them, as the padding "!" of diffusers' models does. */
  readonly added_tokens?: readonly {
    /** The token. */
    readonly id: number
    /** The symbol. */
    readonly content: string
  }[]
  /** How prompts are filled up to their length. */
  readonly padding?: {
    /** The token of padding; without `padding` 0, as in all published models. */
    readonly pad_id: number
  } | null
  /** If there is one, prompts that are too long are cut before their end token, else with it, as diffusers cuts. */
  readonly truncation?: object | null
}

const START = '<|startoftext|>'
const END = '<|endoftext|>'
const END_OF_WORD = '</w>'

/** Words as CLIP's tokenizer has them, in a text in lower case. */
const WORD = /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu

/** More bytes of one word than fit in a prompt are not merged, which would take the square of their number. */
const BYTES_PER_TOKEN = 64

/**
 * CLIP's tokenizer, by byte-pair encoding: the tokens that the tokenizer of diffusers' pipeline gives
 * (`transformers.CLIPTokenizer` with ftfy).
 */
export class ClipTokenizer {
  /** Tokens of an encoded prompt. */
  readonly maxLength: number
  readonly #ids: ReadonlyMap<string, number>
  /** The rank of each merge, by its two symbols with a space between them. */
  readonly #ranks: ReadonlyMap<string, number>
  readonly #added: ReadonlyMap<string, number>
  /** Splits a prompt at the added symbols. */
  readonly #separator: RegExp
  readonly #start: number
  readonly #end: number
  readonly #padId: number
  readonly #keepsEnd: boolean

  /**
   * Throws ConfigError if the file is that of another tokenizer, OptionError for a wrong length.
   *
   * @param file the content of `tokenizer/tokenizer.json`
   * @param maxLength of an encoded prompt, start and end included: 77 for CLIP
   */
  constructor(file: unknown, maxLength: number) {
    requireInteger('maxLength', maxLength, 2)
    const { model, added_tokens = [], padding, truncation } = requireClipFile(file)
    this.maxLength = maxLength
    this.#ids = new Map(Object.entries(model.vocab))
    this.#ranks = new Map(model.merges.map((pair, rank) => [typeof pair === 'string' ? pair : pair.join(' '), rank]))
    this.#added = new Map(added_tokens.map(({ id, content }) => [content, id]))
    const escaped = Array.from(this.#added.keys(), (symbol) => symbol.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    this.#separator = new RegExp(`(${escaped.join('|') || '(?!)'})`, 'u')
    this.#start = this.#idOf(START)
    this.#end = this.#idOf(END)
    this.#padId = padding?.pad_id ?? 0
    this.#keepsEnd = truncation !== undefined && truncation !== null
  }

  /**
   * The tokens of a prompt: start, words, end, padding. What does not fit is cut, the end as well unless the file says
   * otherwise, and its words are `ignored`. Throws OptionError for a style, since the tokenizer has none.
   */
  encode(prompt: string, options: { readonly style?: string | undefined } = {}): EncodedPrompt {
    const { style } = requireOptions('encode', options, { style: true })
    requireString('A prompt', prompt)
    if (style !== undefined)
      throw new OptionError(`style needs to be left out: this model has no drawing styles; given ${valueText(style)}.`)
    const room = this.#keepsEnd ? this.maxLength - 1 : this.maxLength
    const tokens = [this.#start]
    const ignored: string[] = []
    for (const word of this.#words(prompt)) {
      const given = tokens.length < room ? this.#tokensOf(word) : []
      tokens.push(...given)
      if (given.length === 0 || tokens.length > room) ignored.push(word)
    }
    const ids = new Int32Array(this.maxLength).fill(this.#padId)
    ids.set([...tokens.slice(0, room), this.#end].slice(0, this.maxLength))
    return { ids, ignored }
  }

  /** The words of a prompt in order, and what stands for itself. */
  *#words(prompt: string): Generator<string, void> {
    // Every second part is an added symbol.
    for (const [index, part] of prompt.split(this.#separator).entries()) {
      if (index % 2 === 1) yield part
      else yield* cleanText(part).match(WORD) ?? []
    }
  }

  #tokensOf(word: string): number[] {
    const added = this.#added.get(word)
    if (added !== undefined) return [added]
    if (word === START || word === END) return [this.#idOf(word)]
    const bytes = new TextEncoder().encode(word).subarray(0, BYTES_PER_TOKEN * this.maxLength)
    return this.#merge(Array.from(bytes, (byte) => byteSymbols[byte]!)).map(
      (symbol) => this.#ids.get(symbol) ?? this.#end,
    )
  }

  /** The symbols of a word, merged pair by pair: always that of the lowest rank, wherever it stands. */
  #merge(symbols: string[]): string[] {
    symbols[symbols.length - 1] += END_OF_WORD
    for (;;) {
      let [lowest, first, second] = [Number.POSITIVE_INFINITY, '', '']
      for (let i = 1; i < symbols.length; i++) {
        const rank = this.#ranks.get(`${symbols[i - 1]} ${symbols[i]}`) ?? Number.POSITIVE_INFINITY
        if (rank < lowest) [lowest, first, second] = [rank, symbols[i - 1]!, symbols[i]!]
      }
      if (lowest === Number.POSITIVE_INFINITY) return symbols
      const merged: string[] = []
      for (let i = 0; i < symbols.length; i++) {
        const pair = symbols[i] === first && symbols[i + 1] === second
        merged.push(pair ? first + second : symbols[i]!)
        if (pair) i++
      }
      symbols = merged
    }
  }

  #idOf(symbol: string): number {
    const id = this.#added.get(symbol) ?? this.#ids.get(symbol)
    if (id === undefined) throw new ConfigError(`tokenizer.json needs a token ${symbol} in its vocab; given none.`)
    return id
  }
}

/** GPT-2's characters for bytes: printable ones stand for themselves, the others for those from U+0100 on. */
const byteSymbols = ((): readonly string[] => {
  let others = 0x100
  const isPrintable = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : others++))
})()

function requireClipFile(file: unknown): ClipTokenizerFile {
  const { model, padding, added_tokens = [] } = (file ?? {}) as Partial<ClipTokenizerFile>
  const isPair = (pair: unknown) =>
    typeof pair === 'string' ||
    (Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'))
  const isToken = (id: unknown) => Number.isInteger(id) && (id as number) >= 0
  if (
    model?.type !== 'BPE' ||
    kindOf(model.vocab) !== 'Object' ||
    !Object.values(model.vocab).every(isToken) ||
    !Array.isArray(model.merges) ||
    !model.merges.every(isPair) ||
    !Array.isArray(added_tokens) ||
    !added_tokens.every((added) => isToken(added?.id) && typeof added.content === 'string' && added.content !== '')
  )
    throw new ConfigError(
      'tokenizer.json needs the byte-pair encoding of CLIP, "model": { "type": "BPE", "vocab", "merges" } and ' +
        `"added_tokens": [{ "id", "content" }]; given ${valueText(model ?? file)}.`,
    )
  if (!isToken(padding?.pad_id ?? 0))
    throw new ConfigError(`The pad_id of tokenizer.json needs to be a token; given ${valueText(padding!.pad_id)}.`)
  return file as ClipTokenizerFile
}
