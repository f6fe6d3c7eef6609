import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vite'

/** Flags of countries and their letters, which the model has not seen, and tones of skin without a person. */
const NO_PICTURE = /\p{Regional_Indicator}|^\p{Emoji_Modifier}$/u

/** What this reads of an entry of emojibase-data. */
export interface EmojiEntry {
  label: string
  emoji: string
  /** Version of Unicode's emoji in which it appeared. */
  version: number
  skins?: EmojiEntry[]
}

/** How surely the model draws a name, 0 … 1 (docs/quality.md#sureness). Names without drawings in the training set are missing. */
export type Sureness = Readonly<Record<string, number>>

/**
 * Vite plugin: `import names from 'virtual:emoji-names'` gives the names of emoji that the model knows, as the lines of
 * `emojiLines`.
 *
 * @param paths on disk, of emojibase-data, of the model's word list and of the measured sureness of names
 */
export function emojiNames(paths: { emoji: string; tokenizer: string; sureness: string }): Plugin {
  const read = async (path: string) => JSON.parse(await readFile(path, 'utf8'))
  return {
    name: 'emoji-names',
    resolveId: { filter: { id: /^virtual:emoji-names$/ }, handler: (id) => `\0${id}` },
    load: {
      filter: { id: /^\0virtual:emoji-names$/ },
      async handler() {
        for (const path of Object.values(paths)) this.addWatchFile(path)
        const contents = [read(paths.emoji), read(paths.tokenizer), read(paths.sureness)] as const
        const [entries, { vocab }, sureness] = await Promise.all(contents)
        return `export default ${JSON.stringify(emojiLines(entries, new Set(vocab), sureness).join('\n'))}`
      },
    },
  }
}

/**
 * A line for each emoji whose name has only words that the model knows: the emoji without variation selectors, a space, its
 * name, and “*” if it comes in tones of skin. The surest are first.
 */
export function emojiLines(entries: readonly EmojiEntry[], words: ReadonlySet<string>, sureness: Sureness): string[] {
  const named = entries.map((entry) => ({ ...entry, name: captionOf(entry.label) }))
  const known = named.filter(
    ({ emoji, name }) => !NO_PICTURE.test(emoji) && name.split(' ').every((word) => words.has(word)),
  )
  return bySureness(known, sureness).flatMap((entry) => {
    const tones = entry.skins ? '*' : ''
    return spellings(entry).map((emoji) => `${emoji} ${entry.name}${tones}`)
  })
}

/** Emoji up to this version of Unicode's are in all sets of drawings that the model was trained on. */
const OLD = 1

/** The surest first, those that were not measured last. Of equals, those that more sets have. */
function bySureness<Entry extends { name: string; version: number }>(entries: Entry[], sureness: Sureness): Entry[] {
  const surenessOf = ({ name }: Entry) => sureness[name] ?? 0
  const ageOf = ({ version }: Entry) => Math.max(OLD, version)
  return entries.toSorted((a, b) => surenessOf(b) - surenessOf(a) || ageOf(a) - ageOf(b))
}

/** A name as the captions have it that the model was trained on: “kiss woman man” for “kiss: woman, man”. */
export function captionOf(label: string): string {
  return label
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f’'“”!.]/g, '')
    .replace(/&/g, 'and')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
}

/** The emoji, and how it is spelt with tones of skin if that is another sequence of people: 👭 is 👩‍🤝‍👩 there. */
function spellings({ emoji, skins = [] }: EmojiEntry): string[] {
  const all = [emoji, ...skins.map((skin) => skin.emoji)]
  return [...new Set(all.map((one) => one.replace(/[\ufe0f\u{1f3fb}-\u{1f3ff}]/gu, '')))]
}
