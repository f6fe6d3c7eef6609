import { sizeOf, type TokenGrid } from '../model/model'
import type { Tokens } from '../worker/protocol'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Characters of a token, of 6 bits each: 2 for up to 4096 codes. */
function charactersOf({ numCodes }: TokenGrid): number {
  return numCodes <= 4096 ? 2 : 3
}

/**
 * The tokens of a finished picture as characters that need no escaping in a URL: base64url of 12 or 18 bits per token, high
 * bits first. Throws for masked tokens.
 */
export function encodeTokens(tokens: Tokens, grid: TokenGrid): string {
  if (tokens.length !== sizeOf(grid)) throw new Error(`A picture has ${sizeOf(grid)} tokens.`)
  if (tokens.some((token) => token >= grid.numCodes)) throw new Error('The picture is not finished yet.')
  return Array.from(tokens, (token) => encodeBits(token, charactersOf(grid))).join('')
}

/** The lowest bits of an integer as base64url, 6 for each character, high bits first. */
export function encodeBits(bits: number, characters: number): string {
  return Array.from({ length: characters }, (_, i) => ALPHABET[(bits >> (6 * (characters - 1 - i))) & 63]!).join('')
}

/** The inverse of `encodeTokens`. Throws an Error whose message is a sentence if the text is invalid. */
export function decodeTokens(text: string, grid: TokenGrid): Tokens {
  const characters = charactersOf(grid)
  const length = characters * sizeOf(grid)
  if (text.length !== length) throw new Error(`Its picture has ${text.length} characters instead of ${length}.`)
  const invalid = text.match(/[^\w-]/u)
  if (invalid) throw new Error(`Its picture has a character that does not belong there: ${invalid[0]}`)
  const bits = Array.from(text, (character) => ALPHABET.indexOf(character))
  const tokenAt = (index: number) =>
    bits.slice(characters * index, characters * (index + 1)).reduce((token, part) => (token << 6) | part, 0)
  const tokens = Uint16Array.from({ length: sizeOf(grid) }, (_, index) => tokenAt(index))
  const other = tokens.find((token) => token >= grid.numCodes)
  if (other !== undefined) throw new Error(`Its picture has the code ${other}, and the model has ${grid.numCodes}.`)
  return tokens
}

/** A grid as “3x5x24”: height, width and number of codes. */
export function gridText({ height, width, numCodes }: TokenGrid): string {
  return [height, width, numCodes].join('x')
}

/** The most that a grid of `gridText` may have; tokens have 16 bits, and the last of them is the mask. */
const MOST = { cells: 16_384, codes: 65_535 }

/** The inverse of `gridText`. Throws an Error with a sentence if the text is invalid. */
export function readGrid(text: string): TokenGrid {
  const [, height = 0, width = 0, numCodes = 0] = text.match(/^(\d{1,4})x(\d{1,4})x(\d{1,5})$/)?.map(Number) ?? []
  const isValid = height * width > 0 && height * width <= MOST.cells && numCodes > 0 && numCodes <= MOST.codes
  if (!isValid) throw new Error('It does not say of how many tokens its picture is.')
  return { height, width, numCodes }
}
