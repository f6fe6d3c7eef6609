/** Files of a vocabulary that CLIP's tokenizer can read: bytes, made-up merges of letters, and the two special tokens. */
export function clipVocabulary(size: number): { readonly vocab: string; readonly merges: string } {
  const bytes = byteLetters()
  const tokens = [...bytes, ...bytes.map((letter) => `${letter}</w>`)]
  const merges: string[] = []
  const wanted = size - tokens.length - 2
  for (const [left, right] of pairs()) {
    if (merges.length === wanted) break
    merges.push(`${left} ${right}`)
    tokens.push(left + right)
  }
  tokens.push('<|startoftext|>', '<|endoftext|>')
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]))
  return { vocab: JSON.stringify(vocab), merges: `#version: 0.2\n${merges.join('\n')}\n` }
}

/** The letters that stand for bytes, as GPT-2's bytes_to_unicode has them. */
function byteLetters(): string[] {
  const all = Array.from({ length: 256 }, (_, byte) => byte)
  const isPrinted = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte < 256 && byte !== 173)
  const others = all.filter((byte) => !isPrinted(byte)).map((_, i) => 256 + i)
  return [...all.filter(isPrinted), ...others].map((code) => String.fromCodePoint(code))
}

/** Merges of ever longer words: each word with each letter, in its middle and at its end. */
function* pairs(): Generator<readonly [string, string]> {
  const alphabet = [...'abcdefghijklmnopqrstuvwxyz']
  for (let words = alphabet; ; words = words.flatMap((word) => alphabet.map((letter) => word + letter)))
    for (const word of words) for (const letter of alphabet) for (const end of ['', '</w>']) yield [word, letter + end]
}
