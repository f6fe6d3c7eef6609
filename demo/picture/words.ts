import { splitWords, type WordTokenizer } from 'vq-diffusion-webgpu/onnx'
import { EMOJI_NAMES, type EmojiName, emojiIn, nameEmoji, TONE_NAMES } from './emoji_names'

/** What may take the place of a part of a text. */
export interface Completion {
  text: string
  start: number
  end: number
}

/** What is asked of the model's tokenizer. */
type KnownWords = Pick<WordTokenizer, 'words' | 'knows'>

interface TypedWord {
  /** As the tokenizer has it. */
  word: string
  start: number
  end: number
}

/** Words of a text that are looked at for the beginning of a name. */
const MAX_TYPED_WORDS = 6

/** Words of captions that show nothing by themselves. */
const FILLERS: ReadonlySet<string> = new Set(['a', 'an', 'and', 'in', 'of', 'on', 'the', 'with'])

/**
 * Up to `count` completions of the end of a text. Names that begin with the last words are first (“red heart” for “a red he”),
 * then names that contain them (“cat with tears of joy” for “tears”), each in the order of `names`; then, if no name begins
 * with the last word, words that do, the shortest first.
 */
export function complete(
  text: string,
  names: readonly EmojiName[],
  words: readonly string[],
  count: number,
): Completion[] {
  const typed = phraseAtEnd(text).slice(-MAX_TYPED_WORDS)
  const end = text.length
  const isUnfinished = typed.at(-1)?.end === end
  const found = new Map<string, Completion>()
  for (const [i, { start }] of typed.entries()) {
    const last = typed.slice(i).map(({ word }) => word)
    const prefix = `${last.join(' ')}${isUnfinished ? '' : ' '}`
    if (prefix.trim().length < 2) continue
    const begun = names.flatMap((name) => variants(name, prefix)).filter((name) => isLonger(name, prefix))
    const isName = names.some(({ name }) => name === prefix.trim())
    const containing = isUnfinished ? names.map(({ name }) => name).filter((name) => contains(name, last)) : []
    const isWord = isUnfinished && last.length === 1 && begun.length === 0 && !isName
    const others = isWord ? words.filter((word) => isLonger(word, prefix)).sort((a, b) => a.length - b.length) : []
    for (const completion of [...begun, ...containing, ...others])
      if (completion !== prefix && !found.has(completion)) found.set(completion, { text: completion, start, end })
    // What begins with a part of a whole name would repeat the rest of it.
    if (isName) break
  }
  return [...found.values()].slice(0, count)
}

/** A name, and with its tones of skin once it is typed. */
function variants({ name, hasTones }: EmojiName, prefix: string): string[] {
  return hasTones && prefix.startsWith(name) ? [name, ...TONE_NAMES.map((tone) => `${name} ${tone}`)] : [name]
}

function isLonger(name: string, prefix: string): boolean {
  return name.length > prefix.length && name.startsWith(prefix)
}

/** Whether a name has all these words, the last of which may be the beginning of one. */
function contains(name: string, words: readonly string[]): boolean {
  const own = name.split(' ')
  return words.slice(0, -1).every((word) => own.includes(word)) && own.some((word) => word.startsWith(words.at(-1)!))
}

/**
 * Up to `count` words that the last unknown one of a text may be a slip for: those with the fewest letters changed, left out,
 * added or swapped. Of equals, words of names come first, in the order of `names`.
 */
export function correct(text: string, names: readonly EmojiName[], model: KnownWords, count: number): Completion[] {
  const unknown = wordsIn(text).findLast(({ word }) => !model.knows(word))
  if (unknown === undefined || unknown.word.length < 3) return []
  const limit = unknown.word.length < 5 ? 1 : 2
  const candidates = new Set([...names.flatMap(({ name }) => name.split(' ')), ...model.words])
  return [...candidates]
    .filter((word) => word.length > 2)
    .map((word) => ({ word, distance: editDistance(unknown.word, word) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ word }) => ({ ...unknown, text: word }))
}

/** Whether a prompt says something: it is empty, or the model knows a word of it, other than a mere “of” beside unknown ones. */
export function saysSomething(prompt: string, model: KnownWords): boolean {
  if (prompt.trim() === '') return true
  const words = splitWords(nameEmoji(prompt))
  const known = words.filter((word) => model.knows(word))
  return known.some((word) => !FILLERS.has(word)) || (known.length > 0 && known.length === words.length)
}

/** The words of a text with their places. */
function wordsIn(text: string): TypedWord[] {
  return Array.from(text.matchAll(/[\p{L}\p{M}\p{N}'’]+/gu), (match) => ({
    word: splitWords(match[0])[0] ?? '',
    start: match.index,
    end: match.index + match[0].length,
  })).filter(({ word }) => word !== '')
}

/** The last words of a text with only spaces and hyphens between and after them. */
function phraseAtEnd(text: string): TypedWord[] {
  const start = text.search(/[\p{L}\p{M}\p{N}'’\s-]*$/u)
  return wordsIn(text.slice(start)).map((typed) => ({ ...typed, start: start + typed.start, end: start + typed.end }))
}

/** What the page says of a prompt, and whether that is a warning. */
export interface Remark {
  text: string
  warns: boolean
}

/**
 * Says that a prompt says nothing, with a word that may be meant; which words are ignored; or what its emoji mean.
 * `unfinished` is a word that is being typed.
 */
export function remarkOn(prompt: string, model: WordTokenizer, unfinished = ''): Remark {
  const ignored = model.encode(nameEmoji(prompt)).ignored.filter((word) => word !== unfinished)
  if (unfinished === '' && !saysSomething(prompt, model)) {
    const [meant] = correct(prompt, EMOJI_NAMES, model, 1)
    const question = meant ? `Did you mean ${meant.text}?` : 'Try panda, red heart or ghost.'
    const unknown = ignored.length > 0 ? listed(ignored) : `“${prompt.trim()}”`
    return { text: `Unknown: ${unknown}. ${question}`, warns: true }
  }
  if (ignored.length > 0) return { text: `ignored: ${ignored.join(', ')}`, warns: true }
  return { text: emojiIn(prompt).join(', '), warns: false }
}

/** Some words, in a line that leaves room for a question. */
function listed(words: readonly string[]): string {
  if (words.length <= 3) return words.join(', ')
  return `${words.slice(0, 2).join(', ')} and ${words.length - 2} more`
}

/** Letters to change, leave out, add or swap with the next one, from one word to the other. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min(changed, swapped, rows[i - 1]![j]! + 1, row[j - 1]! + 1))
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
