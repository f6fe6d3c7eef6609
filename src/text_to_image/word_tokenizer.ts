import { requireOptions, requireString } from '../checks'
import { ConfigError, OptionError } from '../errors'
import { valueText } from '../value_text'

/** `tokenizer.json` of a word-list tokenizer: the index of a word in the vocabulary is its token. */
export interface WordTokenizerFile {
  /** Kind of the tokenizer. */
  readonly type: 'word'
  /** Tokens of an encoded prompt, the style's included. */
  readonly max_length: number
  /** The token of padding, and of no style. */
  readonly pad_id: number
  /** Drawing styles; the vocabulary has the entry `style:NAME` for each. */
  readonly styles?: readonly string[]
  /** Words and other entries; the index of an entry is its token. */
  readonly vocab: readonly string[]
}

/** An encoded prompt. */
export interface EncodedPrompt {
  /** int32 [max_length]: the token of the style, one token for each known word, then padding. */
  readonly ids: Int32Array<ArrayBuffer>
  /** Words and symbols of the prompt without a token, in order: unknown ones, and those beyond the maximum length. */
  readonly ignored: readonly string[]
}

/**
 * A run of letters and digits, or a character that the vocabulary lacks but that should be reported as ignored: an emoji, a
 * flag, a keycap or a symbol. Punctuation and the symbols of ASCII separate words.
 */
const WORD = new RegExp(
  [
    /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/u,
    /\p{Regional_Indicator}{2}/u,
    /\p{Extended_Pictographic}\p{Emoji_Modifier}?/u,
    /[#*]\u20e3/u,
    /[^\p{P}\p{M}\p{Z}\p{C}\p{ASCII}]|\p{Co}/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
)

/** Characters without a shape, such as soft hyphens and joiners; but the zero-width space separates words. */
const INVISIBLE = /(?!\u200b)\p{Default_Ignorable_Code_Point}/gu

/**
 * The words of a prompt as captions have them: lower case, without apostrophes, as in “oclock”. Full-width letters and
 * ligatures become ordinary letters (Unicode's NFKC). Throws OptionError.
 */
export function splitWords(prompt: string): string[] {
  requireString('A prompt', prompt)
  const plain = prompt.normalize('NFKC').toLowerCase()
  return (
    plain
      .replace(/['‘’ʼ]/g, '')
      .replace(INVISIBLE, '')
      .match(WORD) ?? []
  )
}

/** The tokenizer of models that were trained on captions of few words: a list of words and drawing styles. */
export class WordTokenizer {
  /** Words that a prompt may contain. */
  readonly words: readonly string[]
  /** Values of `style`. */
  readonly styles: readonly string[]
  readonly #ids: ReadonlyMap<string, number>
  readonly #maxLength: number
  readonly #padId: number

  /**
   * Throws ConfigError if the file is that of another tokenizer.
   *
   * @param file the content of `tokenizer/tokenizer.json`, see `WordTokenizerFile`
   */
  constructor(file: unknown) {
    const { type, max_length, pad_id, styles, vocab } = requireTokenizerFile(file)
    if (type !== 'word') throw new ConfigError(`The tokenizer needs the type "word"; given ${valueText(type)}.`)
    // The vocabulary also has `<pad>` and `style:…`, which a prompt cannot contain.
    this.words = vocab.filter(isWord)
    this.styles = styles ?? []
    this.#ids = new Map(vocab.map((word, id) => [word, id]))
    this.#maxLength = max_length
    this.#padId = pad_id
  }

  /** Tokens of an encoded prompt. */
  get maxLength(): number {
    return this.#maxLength
  }

  /**
   * The tokens of a prompt. An empty prompt without a style gives the unconditional input of guidance. Throws OptionError
   * for a style that the model does not have.
   *
   * @param options.style a name in `styles`; no particular style by default
   */
  encode(prompt: string, options: { readonly style?: string | undefined } = {}): EncodedPrompt {
    const { style } = requireOptions('encode', options, { style: true })
    if (style !== undefined && !this.styles.includes(style))
      throw new OptionError(
        `style needs to be one of {${this.styles.join(', ')}}; given ${valueText(style)}. Leave it out for any style.`,
      )
    const tokens = [style === undefined ? this.#padId : this.#ids.get(`style:${style}`)!]
    const ignored: string[] = []
    for (const word of splitWords(prompt)) {
      if (this.knows(word) && tokens.length < this.#maxLength) tokens.push(this.#ids.get(word)!)
      else ignored.push(word)
    }
    const ids = new Int32Array(this.#maxLength).fill(this.#padId)
    ids.set(tokens)
    return { ids, ignored }
  }

  /** Whether a word, in lower case, has a token. */
  knows(word: string): boolean {
    return isWord(word) && this.#ids.has(word)
  }
}

function isWord(entry: string): boolean {
  return /^[a-z0-9]+$/.test(entry)
}

function requireTokenizerFile(file: unknown): WordTokenizerFile {
  const { max_length, pad_id, vocab, styles = [] } = (file ?? {}) as Partial<WordTokenizerFile>
  // A copy by Array.from has no holes, which `every` would skip.
  const areStrings = (list: readonly unknown[]) =>
    Array.isArray(list) && Array.from(list).every((word) => typeof word === 'string')
  if (!Number.isInteger(max_length) || !Number.isInteger(pad_id) || !areStrings(vocab!) || !areStrings(styles))
    throw new ConfigError(
      'tokenizer.json needs max_length, pad_id and vocab, as a word-list tokenizer has them; ' +
        `given ${valueText(file)}.`,
    )
  if (max_length! < 1 || pad_id! < 0)
    throw new ConfigError(
      `tokenizer.json needs a max_length of at least 1 and a pad_id of at least 0; given ${max_length} and ${pad_id}.`,
    )
  const missing = styles.find((style) => !vocab!.includes(`style:${style}`))
  if (missing !== undefined)
    throw new ConfigError(`The vocab of tokenizer.json needs an entry for each style; given no "style:${missing}".`)
  return file as WordTokenizerFile
}
