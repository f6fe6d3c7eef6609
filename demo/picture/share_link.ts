import { readModelHash } from './model_hash'
import type { Picture } from './picture'
import { type PictureSettings, readPictureSettings, writeSettings } from './settings'
import { decodeTokens, encodeBits, encodeTokens } from './token_text'

/**
 * As in `https://…/?prompt=red+heart&seed=7#picture=2f3a9c1b0d4e.AbCd….x-Y3zA`: model hash, then 512 characters of tokens,
 * then 4 of a checksum of the two, then 2 of one of the settings. Links of earlier versions have no checksums.
 */
const KEY = 'picture='
/** Characters of the model hash in a link, of 64: enough to tell models apart. */
const HASH_CHARACTERS = 12
/** Whatever follows was appended to the link: a bracket, a full stop, the parameter of a campaign. */
const PARTS = /^([^.]*)\.?([\w-]*)(?:\.([\w-]{4})([\w-]{2}))?/
/** Tokens without their key: of a link whose key was changed. */
const TOKENS = /[\w-]{256}/

/**
 * A URL that opens `picture` without drawing it: settings in the query, tokens in the fragment, which browsers do not send
 * to a server. Uses origin and path of `base`. Throws an Error with a sentence if tokens are masked.
 */
export function shareLink(base: URL, { tokens, settings, modelHash }: Picture): string {
  const link = new URL(base.pathname, base)
  link.search = String(queryOf(settings))
  const picture = `${modelHash.slice(0, HASH_CHARACTERS)}.${encodeTokens(tokens)}`
  link.hash = `${KEY}${picture}.${checksum(picture, 4)}${settingsChecksum(settings)}`
  return link.href
}

/**
 * The picture in a link, undefined if it has none, with a sentence if its settings are not those that it was shared with.
 * They are valid whatever the link contains; `modelHash` is only the start of a hash, so compare it with `isSameModel`.
 *
 * @throws {Error} with a sentence if the link is damaged
 */
export function readShareLink(url: URL): { picture: Picture; remark: string } | undefined {
  const hash = url.hash.slice(1)
  if (!hash.startsWith(KEY) && !TOKENS.test(hash)) return undefined
  try {
    if (!hash.startsWith(KEY)) throw new Error(`It does not begin with “${KEY}”.`)
    const [, modelHash = '', tokens = '', sum, settingsSum] = hash.slice(KEY.length).match(PARTS)!
    const picture: Picture = {
      tokens: decodeTokens(tokens),
      settings: readPictureSettings(url.searchParams),
      origin: 'opened',
      modelHash: readModelHash(modelHash),
    }
    if (sum !== undefined && sum !== checksum(`${modelHash}.${tokens}`, 4))
      throw new Error('A character of it was changed.')
    const isChanged = settingsSum !== undefined && settingsSum !== settingsChecksum(picture.settings)
    return { picture, remark: isChanged ? 'The settings in the link were changed since it was shared.' : '' }
  } catch (error) {
    throw new Error(`The link is damaged, so its picture cannot be shown. ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function queryOf(settings: PictureSettings): URLSearchParams {
  return writeSettings(new URLSearchParams(), { ...settings, count: 1 })
}

/** Of the settings as a link gives them back. */
function settingsChecksum(settings: PictureSettings): string {
  return checksum(String(queryOf(readPictureSettings(queryOf(settings)))), 2)
}

/** The 32 bits of FNV-1a, folded to 6 for each character. One letter in 16 million is missed with 4, one in 4096 with 2. */
function checksum(text: string, characters: 2 | 4): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return encodeBits(hash ^ (hash >>> (32 - 6 * characters)), characters)
}
