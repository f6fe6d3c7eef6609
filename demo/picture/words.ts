/** The word at the end of a text, empty after a space or punctuation: the word that is being typed. */
export function wordAtEnd(text: string): string {
  return text.match(/[\p{L}\p{M}\p{N}'’]*$/u)![0]
}

/** Up to `count` of the words that start with `prefix` and are longer, the shortest first. */
export function complete(prefix: string, words: readonly string[], count: number): string[] {
  return words
    .filter((word) => word.startsWith(prefix) && word !== prefix)
    .sort((a, b) => a.length - b.length)
    .slice(0, count)
}
