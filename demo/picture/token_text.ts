import { MASK_CLASS, NUM_LATENT_PIXELS, type Tokens } from '../worker/protocol'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const LENGTH = 2 * NUM_LATENT_PIXELS

/**
 * The tokens of a finished picture as 512 characters that need no escaping in a URL: base64url of 12 bits per token, high
 * bits first. Throws for masked tokens.
 */
export function encodeTokens(tokens: Tokens): string {
  if (tokens.length !== NUM_LATENT_PIXELS) throw new Error(`A picture has ${NUM_LATENT_PIXELS} tokens.`)
  if (tokens.some((token) => token >= MASK_CLASS)) throw new Error('The picture is not finished yet.')
  return Array.from(tokens, (token) => encodeBits(token, 2)).join('')
}

/** The lowest bits of an integer as base64url, 6 for each character, high bits first. */
export function encodeBits(bits: number, characters: number): string {
  return Array.from({ length: characters }, (_, i) => ALPHABET[(bits >> (6 * (characters - 1 - i))) & 63]!).join('')
}

/** The inverse of `encodeTokens`. Throws an Error whose message is a sentence if the text is invalid. */
export function decodeTokens(text: string): Tokens {
  if (text.length !== LENGTH) throw new Error(`Its picture has ${text.length} characters instead of ${LENGTH}.`)
  const invalid = text.match(/[^\w-]/u)
  if (invalid) throw new Error(`Its picture has a character that does not belong there: ${invalid[0]}`)
  return Uint16Array.from(
    { length: NUM_LATENT_PIXELS },
    (_, i) => (ALPHABET.indexOf(text[2 * i]!) << 6) | ALPHABET.indexOf(text[2 * i + 1]!),
  )
}
