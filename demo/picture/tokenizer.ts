/** `tokenizer/tokenizer.json` of the model: a word list, where a word's index is its token. */
export interface TokenizerFile {
  max_length: number
  pad_id: number
  vocab: string[]
}

export interface Tokens {
  /** [maxLength]: the style, then one token a known word, then padding. */
  ids: Int32Array
  /** Words of the prompt that the model will not see, in order: it does not know them, or no token is left for them. */
  ignored: string[]
}

/** Letters and digits, whatever stands around them; or an emoji: it means something, though the model knows none. */
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*|\p{Extended_Pictographic}/gu

/** The words of a prompt as the model's captions have them: lower case, without apostrophes, as in “oclock”. */
export function splitWords(prompt: string): string[] {
  return prompt.toLowerCase().replace(/['’]/g, '').match(WORD) ?? []
}

/** The end of a text that still is one word, or the beginning of one: what somebody is typing. */
export function wordAtEnd(text: string): string {
  return text.match(/[\p{L}\p{M}\p{N}'’]*$/u)![0]
}

export class Tokenizer {
  readonly #ids: Map<string, number>
  readonly #words: string[]
  readonly #maxLength: number
  readonly #padId: number

  constructor(file: TokenizerFile) {
    // `<pad>` and `style:…` are tokens but not words that a prompt can contain.
    this.#words = file.vocab.filter((word) => /^[a-z0-9]+$/.test(word))
    this.#ids = new Map(file.vocab.map((word, id) => [word, id]))
    this.#maxLength = file.max_length
    this.#padId = file.pad_id
  }

  /** Tokens of `prompt`; `style` is one of the model's styles, anything else means no particular style. */
  encode(prompt: string, style: string): Tokens {
    const tokens = [this.#ids.get(`style:${style}`) ?? this.#padId]
    const ignored: string[] = []
    for (const word of splitWords(prompt)) {
      if (this.knows(word) && tokens.length < this.#maxLength) tokens.push(this.#ids.get(word)!)
      else ignored.push(word)
    }
    const ids = new Int32Array(this.#maxLength).fill(this.#padId)
    ids.set(tokens)
    return { ids, ignored }
  }

  knows(word: string): boolean {
    return /^[a-z0-9]+$/.test(word) && this.#ids.has(word)
  }

  /** Up to `count` known words that continue `start`, the shortest first. */
  complete(start: string, count: number): string[] {
    return this.#words
      .filter((word) => word.startsWith(start) && word !== start)
      .sort((a, b) => a.length - b.length)
      .slice(0, count)
  }
}
