import { isSameGrid, type Model } from '../model/model'
import { STICKERS } from '../model/stickers'
import { readModelHash } from './model_hash'
import type { Picture } from './picture'
import { readPictureSettings } from './settings'
import { decodeTokens, encodeTokens, gridText, readGrid } from './token_text'

/**
 * A picture as plain values, in saved files and in the browser's storage: its settings, `origin`, `modelHash`, `tokens` (as in
 * a share link), `grid` if it is another than that of the stickers, and `unfinished` if its drawing was stopped. Throws an Error with a sentence if tokens are masked.
 */
export function pictureRecord({ settings, tokens, grid, ...others }: Picture): Record<string, unknown> {
  return {
    ...settings,
    ...others,
    ...(!isSameGrid(grid, STICKERS.grid) && { grid: gridText(grid) }),
    tokens: encodeTokens(tokens, grid),
  }
}

/**
 * The picture of a record, as opened. The settings are valid for the model whatever the record contains.
 *
 * @throws {Error} with a sentence if the record is damaged
 */
export function readPictureRecord(record: Record<string, unknown>, model: Model): Picture {
  const { tokens, modelHash, unfinished, grid: text, ...settings } = record
  const grid = text === undefined ? STICKERS.grid : readGrid(String(text))
  return {
    tokens: decodeTokens(String(tokens), grid),
    grid,
    settings: readPictureSettings(toQuery(settings), model),
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
