import { describe, expect, it } from 'vitest'
import { EMOJI_NAMES, emojiIn, nameEmoji } from './emoji_names'

const named = (prompt: string) => nameEmoji(prompt).trim().replace(/ +/g, ' ')

describe('an emoji in a prompt', () => {
  it.each([
    ['🐼', 'panda'],
    ['❤️', 'red heart'],
    ['❤', 'red heart'],
    ['❤︎', 'red heart'],
    ['🐼🦊', 'panda fox'],
    ['red🐼hat', 'red panda hat'],
    ['a 🐱, please', 'a cat face , please'],
    ['👍', 'thumbs up'],
    ['👍🏽', 'thumbs up medium skin tone'],
    ['👍🏼', 'thumbs up light skin tone'],
    ['☝️🏿', 'index pointing up dark skin tone'],
    ['👩🏿‍🚀', 'woman astronaut dark skin tone'],
    ['🏃🏻‍♀️', 'woman running light skin tone'],
    ['❤️‍🔥', 'heart on fire'],
    ['❤‍🔥', 'heart on fire'],
    ['🐻‍❄️', 'polar bear'],
    ['👨‍👩‍👧', 'family man woman girl'],
    ['👩🏻‍🤝‍👩🏿', 'women holding hands light skin tone dark skin tone'],
    ['👩🏻‍❤️‍👨🏻', 'couple with heart woman man light skin tone'],
    ['🏳️‍🌈', 'rainbow flag'],
    ['🏴‍☠️', 'pirate flag'],
    ['5️⃣', 'keycap 5'],
    ['5⃣', 'keycap 5'],
    ['🔟', 'keycap 10'],
    ['🏾', 'dark skin tone'],
    ['©️', 'copyright'],
    ['™', 'trade mark'],
    // No name of its own: a panda and a snowflake.
    ['🐼‍❄️', 'panda snowflake'],
  ])('%s is its name', (prompt, words) => {
    expect(named(prompt)).toBe(words)
  })

  it.each(['🇩🇪', '🇯🇵', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'Lego® 5 #1 *', 'crème brûlée', ''])('“%s” has no name, and stays', (prompt) => {
    expect(named(prompt)).toBe(prompt)
  })

  it('is shown with its name once', () => {
    expect(emojiIn('🐼 and 🐼 🇩🇪 👍🏽')).toEqual(['🐼 panda', '👍🏽 thumbs up medium skin tone'])
  })
})

it('knows which names come in tones of skin', () => {
  const tonesOf = (name: string) => EMOJI_NAMES.find((entry) => entry.name === name)?.hasTones
  expect(tonesOf('thumbs up')).toBe(true)
  expect(tonesOf('cat face')).toBe(false)
})
