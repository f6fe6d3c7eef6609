import { isSameGrid, type Model, type TokenGrid } from '../model/model'
import { STICKERS } from '../model/stickers'
import { readModelHash } from './model_hash'
import type { Picture } from './picture'
import { type PictureSettings, readPictureSettings, writeSettings } from './settings'
import { decodeTokens, encodeBits, encodeTokens, gridText, readGrid } from './token_text'

/**
 * As in `https://…/?prompt=red+heart&seed=7#picture=2f3a9c1b0d4e.AbCd….x-Y3zA`: model hash, then 512 characters of tokens,
 * then 4 of a checksum of the two, then 2 of one of the settings. Links of earlier versions have no checksums. After the hash
 * of a model with another grid than the stickers' follows its grid, as in `2f3a9c1b0d4e-3x5x24`.
 */
const KEY = 'picture='
/** The address of a model, in the query. */
export const MODEL_PARAMETER = 'model'
/** Characters of the model hash in a link, of 64: enough to tell models apart. */
const HASH_CHARACTERS = 12
/** Whatever follows was appended to the link: a bracket, a full stop, the parameter of a campaign. */
const PARTS = /^([^.]*)\.?([\w-]*)(?:\.([\w-]{4})([\w-]{2}))?/
/** A model hash with a grid behind it. */
const WITH_GRID = /^([^-]*)-(\d+x\d+x\d+)$/
/** Tokens without their key: of a link whose key was changed. */
const TOKENS = /[\w-]{256}/

/**
 * A URL that opens `picture` without drawing it: settings in the query, tokens in the fragment, which browsers do not send
 * to a server. Uses origin and path of `base`, and the address of the model that it names. Throws an Error with a sentence if
 * tokens are masked.
 */
export function shareLink(base: URL, { tokens, settings, modelHash, grid }: Picture, model: Model): string {
  const link = new URL(base.pathname, base)
  const query = queryOf(settings, model)
  const address = base.searchParams.get(MODEL_PARAMETER)
  link.search = String(address === null ? query : new URLSearchParams([[MODEL_PARAMETER, address], ...query]))
  const drawnBy = [modelHash.slice(0, HASH_CHARACTERS), ...(isSameGrid(grid, STICKERS.grid) ? [] : [gridText(grid)])]
  const picture = `${drawnBy.join('-')}.${encodeTokens(tokens, grid)}`
  link.hash = `${KEY}${picture}.${checksum(picture, 4)}${settingsChecksum(settings, model)}`
  return link.href
}

/**
 * The picture in a link, undefined if it has none, with a sentence if its settings are not those that it was shared with.
 * They are valid whatever the link contains; `modelHash` is only the start of a hash, so compare it with `isSameModel`.
 *
 * @throws {Error} with a sentence if the link is damaged
 */
export function readShareLink(url: URL, model: Model): { picture: Picture; remark: string } | undefined {
  const hash = url.hash.slice(1)
  if (!hash.startsWith(KEY) && !TOKENS.test(hash)) return undefined
  try {
    if (!hash.startsWith(KEY)) throw new Error(`It does not begin with “${KEY}”.`)
    const [, drawnBy = '', tokens = '', sum, settingsSum] = hash.slice(KEY.length).match(PARTS)!
    const [, modelHash = drawnBy, text] = drawnBy.match(WITH_GRID) ?? []
    const grid: TokenGrid = text === undefined ? STICKERS.grid : readGrid(text)
    const picture: Picture = {
      tokens: decodeTokens(tokens, grid),
      grid,
      settings: readPictureSettings(url.searchParams, model),
      origin: 'opened',
      modelHash: readModelHash(modelHash),
    }
    if (sum !== undefined && sum !== checksum(`${drawnBy}.${tokens}`, 4))
      throw new Error('A character of it was changed.')
    const isChanged = settingsSum !== undefined && settingsSum !== settingsChecksum(picture.settings, model)
    return { picture, remark: isChanged ? 'The settings in the link were changed since it was shared.' : '' }
  } catch (error) {
    throw new Error(`The link is damaged, so its picture cannot be shown. ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function queryOf(settings: PictureSettings, model: Model): URLSearchParams {
  return writeSettings(new URLSearchParams(), { ...settings, count: 1 }, model)
}

/** Of the settings as a link gives them back. */
function settingsChecksum(settings: PictureSettings, model: Model): string {
  return checksum(String(queryOf(readPictureSettings(queryOf(settings, model), model), model)), 2)
}

/** The 32 bits of FNV-1a, folded to 6 for each character. One letter in 16 million is missed with 4, one in 4096 with 2. */
function checksum(text: string, characters: 2 | 4): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return encodeBits(hash ^ (hash >>> (32 - 6 * characters)), characters)
}
