import lines from 'virtual:emoji-names'

/** The name of an emoji as the model's captions have it. */
export interface EmojiName {
  name: string
  /** Whether there are drawings of it in tones of skin. */
  hasTones: boolean
}

/** Tones of skin that the model has seen; it takes the two between them for the nearest. */
const TONES = {
  '\u{1f3fb}': 'light',
  '\u{1f3fc}': 'light',
  '\u{1f3fd}': 'medium',
  '\u{1f3fe}': 'dark',
  '\u{1f3ff}': 'dark',
} as const

/** “light skin tone” and the others, as captions end with them. */
export const TONE_NAMES: readonly string[] = [...new Set(Object.values(TONES))].map((tone) => `${tone} skin tone`)

const nameOf = new Map<string, string>()
const byName = new Map<string, EmojiName>()
for (const line of lines.split('\n')) {
  const [, emoji, name, tones] = line.match(/^(\S+) ([^*]+)(\*?)$/)!
  nameOf.set(emoji!, name!)
  byName.set(name!, { name: name!, hasTones: tones !== '' })
}

/** Names of all emoji that the model knows, those that it draws most surely first. */
export const EMOJI_NAMES: readonly EmojiName[] = [...byName.values()]

const PERSON = String.raw`\p{Extended_Pictographic}[\ufe0e\ufe0f]*\p{Emoji_Modifier}?\ufe0f?`
/**
 * A whole emoji: a keycap, a flag, or pictures joined to one, with variation selectors and tones of skin. ©, ® and ™ at the end
 * of a word belong to it.
 */
const EMOJI = new RegExp(
  String.raw`[#*0-9]\ufe0f?\u20e3|\p{Regional_Indicator}{2}|(?<![\p{L}\p{N}])[©®™]\ufe0f?|` +
    String.raw`(?![©®™])${PERSON}[\u{e0020}-\u{e007f}]*(?:\u200d${PERSON})*|\p{Emoji_Modifier}`,
  'gu',
)

/** The prompt with the names of its emoji in their place; those without a name that the model knows stay. */
export function nameEmoji(prompt: string): string {
  return prompt.replace(EMOJI, (emoji) => ` ${wordsOf(emoji)} `)
}

/** What the emoji of a prompt are read as: “🐼 panda”, once each. */
export function emojiIn(prompt: string): string[] {
  const found = [...new Set(prompt.match(EMOJI))]
  return found.map((emoji) => `${emoji} ${wordsOf(emoji)}`).filter((_, i) => wordsOf(found[i]!) !== found[i])
}

function wordsOf(emoji: string): string {
  const bare = emoji.replace(/[\ufe0e\ufe0f\p{Emoji_Modifier}]/gu, '')
  const tones = new Set(Array.from(emoji.match(/\p{Emoji_Modifier}/gu) ?? [], (tone) => toneOf(tone)))
  const name = bare === '' ? '' : nameOf.get(bare)
  if (name !== undefined) return [name, ...tones].join(' ').trim()
  // A sequence that has no name of its own.
  const parts = emoji.split('\u200d')
  return parts.length > 1 ? parts.map(wordsOf).join(' ') : emoji
}

function toneOf(modifier: string): string {
  return `${TONES[modifier as keyof typeof TONES]} skin tone`
}
