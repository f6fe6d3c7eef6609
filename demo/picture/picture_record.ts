import { readModelHash } from './model_hash'
import type { Picture } from './picture'
import { readPictureSettings } from './settings'
import { decodeTokens, encodeTokens } from './token_text'

/**
 * A picture as plain values, in saved files and in the browser's storage: its settings, `origin`, `modelHash`, `tokens` (as in
 * a share link), and `unfinished` if its drawing was stopped. Throws an Error with a sentence if tokens are masked.
 */
export function pictureRecord({ settings, tokens, ...others }: Picture): Record<string, unknown> {
  return { ...settings, ...others, tokens: encodeTokens(tokens) }
}

/**
 * The picture of a record, as opened. The settings are valid whatever the record contains.
 *
 * @throws {Error} with a sentence if the record is damaged
 */
export function readPictureRecord({ tokens, modelHash, unfinished, ...settings }: Record<string, unknown>): Picture {
  return {
    tokens: decodeTokens(String(tokens)),
    settings: readPictureSettings(toQuery(settings)),
    origin: 'opened',
    modelHash: readModelHash(modelHash),
    ...(unfinished === true && { unfinished }),
  }
}

/** Drops objects and lists, which no setting can be. */
function toQuery(values: Record<string, unknown>): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string' || typeof value === 'number') query.set(name, String(value))
  }
  return query
}
