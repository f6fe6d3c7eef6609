import { readModelHash } from './model_hash'
import type { Picture } from './picture'
import { readPictureSettings, writeSettings } from './settings'
import { decodeTokens, encodeTokens } from './token_text'

/** As in `https://…/?prompt=red+heart&seed=7#picture=2f3a9c1b0d4e.AbCd…`: model hash, then 512 characters of tokens. */
const KEY = 'picture='
/** Characters of the model hash in a link, of 64: enough to tell models apart. */
const HASH_CHARACTERS = 12

/**
 * A URL that opens `picture` without drawing it: settings in the query, tokens in the fragment, which browsers do not send
 * to a server. Uses origin and path of `base`. Throws an Error with a sentence if tokens are masked.
 */
export function shareLink(base: URL, { tokens, settings, modelHash }: Picture): string {
  const link = new URL(base.pathname, base)
  link.search = String(writeSettings(new URLSearchParams(), { ...settings, count: 1 }))
  link.hash = `${KEY}${modelHash.slice(0, HASH_CHARACTERS)}.${encodeTokens(tokens)}`
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
  if (!hash.startsWith(KEY)) return undefined
  try {
    const [modelHash = '', tokens = ''] = hash.slice(KEY.length).split('.')
    return {
      tokens: decodeTokens(tokens),
      settings: readPictureSettings(url.searchParams),
      origin: 'opened',
      modelHash: readModelHash(modelHash),
    }
  } catch (error) {
    throw new Error(`The link is damaged, so its picture cannot be shown. ${(error as Error).message}`, {
      cause: error,
    })
  }
}
