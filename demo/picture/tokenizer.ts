import { interruptedError, openDownload } from '../store/download'

/** `tokenizer/tokenizer.json` of the model: a word list, where a word's index is its token. */
interface TokenizerFile {
  max_length: number
  pad_id: number
  vocab: string[]
}

interface EncodedPrompt {
  /** [maxLength]: the style's token, one token per known word, then padding. */
  ids: Int32Array
  /** Words of the prompt that are not in `ids`, in order: unknown words, and words beyond the maximum length. */
  ignored: string[]
}

/** A run of letters and digits, or an emoji. No emoji is in the vocabulary, but it should be reported as ignored. */
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*|\p{Extended_Pictographic}/gu

/** The words of a prompt as the model's captions have them: lower case, without apostrophes, as in “oclock”. */
export function splitWords(prompt: string): string[] {
  return prompt.toLowerCase().replace(/['’]/g, '').match(WORD) ?? []
}

/** The word at the end of a text, empty after a space or punctuation: the word that is being typed. */
export function wordAtEnd(text: string): string {
  return text.match(/[\p{L}\p{M}\p{N}'’]*$/u)![0]
}

export class Tokenizer {
  readonly #ids: Map<string, number>
  readonly #words: string[]
  readonly #maxLength: number
  readonly #padId: number

  constructor(file: TokenizerFile) {
    // The vocabulary also has `<pad>` and `style:…`, which a prompt cannot contain.
    this.#words = file.vocab.filter(isWord)
    this.#ids = new Map(file.vocab.map((word, id) => [word, id]))
    this.#maxLength = file.max_length
    this.#padId = file.pad_id
  }

  /** Downloads the tokenizer of the model at `modelRoot`, a URL with a trailing slash. Throws DownloadError. */
  static async fetch(modelRoot: string): Promise<Tokenizer> {
    const name = 'tokenizer/tokenizer.json'
    const file = { name, url: `${modelRoot}${name}` }
    const { body } = await openDownload(file)
    const text = await new Response(body).text().catch(() => {
      throw interruptedError(file)
    })
    return new Tokenizer(JSON.parse(text))
  }

  /** The tokens of a prompt. A `style` that the model does not have means any style. */
  encode(prompt: string, style: string): EncodedPrompt {
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
    return isWord(word) && this.#ids.has(word)
  }

  /** Up to `count` known words that start with `prefix` and are longer, the shortest first. */
  complete(prefix: string, count: number): string[] {
    return this.#words
      .filter((word) => word.startsWith(prefix) && word !== prefix)
      .sort((a, b) => a.length - b.length)
      .slice(0, count)
  }
}

function isWord(entry: string): boolean {
  return /^[a-z0-9]+$/.test(entry)
}
