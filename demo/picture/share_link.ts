import type { Picture } from './picture'
import { type PictureSettings, readSettings, writeSettings } from './settings'
import { decodeTokens, encodeTokens } from './token_text'

/** As in `https://…/?prompt=red+heart&seed=7#picture=2f3a9c1b0d4e.AbCd…`: the model's hash, then 512 characters of tokens. */
const KEY = 'picture='
/** Of 64; enough to tell models apart. A link's picture has only these. */
const HASH_CHARACTERS = 12
const PROMPT_CHARACTERS = 200

/**
 * An address that opens `picture` anywhere, without drawing it: the settings in the query, the tokens in the hash, which
 * no server sees. Of `base` it takes only where the page is, neither its query nor its hash. Throws an Error with a
 * sentence when the picture has masked tokens.
 */
export function shareLink(base: URL, { tokens, settings, modelHash }: Picture): string {
  const link = new URL(base.pathname, base)
  link.search = String(writeSettings(new URLSearchParams(), { ...settings, count: 1 }))
  link.hash = `${KEY}${modelHash.slice(0, HASH_CHARACTERS)}.${encodeTokens(tokens)}`
  return link.href
}

/**
 * The picture that a link carries, undefined when it carries none. Its settings are valid whatever the link says, and
 * its `modelHash` is only the beginning of one: compare it with `isSameModel`.
 *
 * @throws {Error} with a sentence when the link has been damaged
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

/** The settings of one picture out of anyone's hands: always valid, of a length that a person could have typed. */
export function readPictureSettings(query: URLSearchParams): PictureSettings {
  const { count: _, prompt, ...settings } = readSettings(query)
  return { prompt: [...prompt].slice(0, PROMPT_CHARACTERS).join(''), ...settings }
}

/** SHA-256 in hex or the beginning of one; throws an Error with a sentence for anything else. */
export function readModelHash(text: unknown): string {
  if (typeof text === 'string' && /^[0-9a-f]{8,64}$/.test(text)) return text
  throw new Error('It does not say which model drew it.')
}

/** Whether two hashes, or beginnings of hashes, may be those of one model. */
export function isSameModel(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

/** What to tell a person who opened `picture` where the model is `modelHash`; nothing when it drew the picture. */
export function otherModelNotice(picture: Picture, modelHash: string): string {
  if (isSameModel(picture.modelHash, modelHash)) return ''
  const [theirs, ours] = [picture.modelHash, modelHash].map((hash) => hash.slice(0, 8))
  return `Another model drew this picture (${theirs}; here it is ${ours}), so it may look different here.`
}
