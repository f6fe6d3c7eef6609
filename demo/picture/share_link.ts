import { readModelHash } from './model_hash'
import type { Picture } from './picture'
import { type PictureSettings, readPictureSettings, writeSettings } from './settings'
import { decodeTokens, encodeBits, encodeTokens } from './token_text'

/**
 * As in `https://…/?prompt=red+heart&seed=7#picture=2f3a9c1b0d4e.AbCd….x-Y3`: model hash, then 512 characters of tokens, then
 * 4 of a checksum. Links of earlier versions have no checksum.
 */
const KEY = 'picture='
/** Characters of the model hash in a link, of 64: enough to tell models apart. */
const HASH_CHARACTERS = 12
/** 24 bits: one of 17 million changed links goes unnoticed. */
const CHECKSUM_CHARACTERS = 4
/** Whatever follows was appended to the link: a bracket, a full stop, the parameter of a campaign. */
const PARTS = new RegExp(`^([^.]*)\\.?([\\w-]*)(?:\\.([\\w-]{${CHECKSUM_CHARACTERS}}))?`)
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
  link.hash = `${KEY}${picture}.${checksum(picture, settings)}`
  return link.href
}

/**
 * The picture in a link, undefined if it has none. The settings are valid whatever the link contains; `modelHash` is only
 * the start of a hash, so compare it with `isSameModel`.
 *
 * @throws {Error} with a sentence if the link is damaged
 */
export function readShareLink(url: URL): Picture | undefined {
  const hash = url.hash.slice(1)
  if (!hash.startsWith(KEY) && !TOKENS.test(hash)) return undefined
  try {
    if (!hash.startsWith(KEY)) throw new Error(`It does not begin with “${KEY}”.`)
    const [, modelHash = '', tokens = '', sum] = hash.slice(KEY.length).match(PARTS)!
    const picture: Picture = {
      tokens: decodeTokens(tokens),
      settings: readPictureSettings(url.searchParams),
      origin: 'opened',
      modelHash: readModelHash(modelHash),
    }
    if (sum !== undefined && sum !== checksum(`${modelHash}.${tokens}`, picture.settings))
      throw new Error('A character of it was changed.')
    return picture
  } catch (error) {
    throw new Error(`The link is damaged, so its picture cannot be shown. ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function queryOf(settings: PictureSettings): URLSearchParams {
  return writeSettings(new URLSearchParams(), { ...settings, count: 1 })
}

/** FNV-1a over all that the link says of the picture, 32 bits folded to 24. Of the settings as they are read again. */
function checksum(picture: string, settings: PictureSettings): string {
  const read = queryOf(readPictureSettings(queryOf(settings)))
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(`${read}#${picture}`)) hash = Math.imul(hash ^ byte, 0x01000193)
  return encodeBits((hash >>> 24) ^ (hash & 0xffffff), CHECKSUM_CHARACTERS)
}
