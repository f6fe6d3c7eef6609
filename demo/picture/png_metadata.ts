import { addMetadata, getMetadata } from 'meta-png'
import type { Picture } from './picture'
import { readModelHash, readPictureSettings } from './share_link'
import { decodeTokens, encodeTokens } from './token_text'

/** The keyword of the tEXt chunk that holds the picture as JSON. */
const KEYWORD = 'vq-diffusion-webgpu'
/** The signature and the first chunk, which has a fixed length. */
const HEADER_BYTES = 8 + 25

/**
 * `png` with all that its picture was made from in a text chunk: the settings by their names, `modelHash`, and `tokens`
 * as in a share link. Throws an Error with a sentence when the picture has masked tokens.
 */
export async function savePicture(png: Blob | Uint8Array<ArrayBuffer>, picture: Picture): Promise<Blob> {
  const { settings, origin, modelHash, tokens } = picture
  const text = ascii(JSON.stringify({ ...settings, origin, modelHash, tokens: encodeTokens(tokens) }))
  const bytes = new Uint8Array(await new Blob([png]).arrayBuffer())
  return new Blob([addMetadata(bytes, KEYWORD, text) as Uint8Array<ArrayBuffer>], { type: 'image/png' })
}

/**
 * The picture in a file that `savePicture` has made, undefined for any other file. Its settings are valid whatever the
 * file says.
 *
 * @throws {Error} with a sentence when the file is one of ours and damaged
 */
export function readPictureFile(bytes: Uint8Array<ArrayBuffer>): Picture | undefined {
  const text = findText(bytes)
  if (text === undefined) return undefined
  try {
    if (!isIntact(bytes, text)) throw new Error('Its checksum is wrong.')
    const { tokens, modelHash, ...settings } = JSON.parse(text) as Record<string, unknown>
    return {
      tokens: decodeTokens(String(tokens)),
      settings: readPictureSettings(asQuery(settings)),
      origin: 'opened',
      modelHash: readModelHash(modelHash),
    }
  } catch (error) {
    const reason = error instanceof SyntaxError || error instanceof TypeError ? '' : ` ${(error as Error).message}`
    throw new Error(`The file is damaged, so its settings cannot be restored.${reason}`, { cause: error })
  }
}

function findText(bytes: Uint8Array): string | undefined {
  try {
    return getMetadata(bytes, KEYWORD)
  } catch {
    // No PNG, or one that is cut off or goes on after its end; ours have the chunk at the beginning.
    return undefined
  }
}

/** The reader of meta-png skips the checksum. A chunk that is written anew, checksum and all, must be in the file. */
function isIntact(bytes: Uint8Array<ArrayBuffer>, text: string): boolean {
  const latin1 = new TextDecoder('latin1')
  const chunk = addMetadata(bytes.slice(0, HEADER_BYTES), KEYWORD, text).subarray(HEADER_BYTES)
  return latin1.decode(bytes).includes(latin1.decode(chunk))
}

/** Only what may stand in a query: an object or a list in a setting's place is left out. */
function asQuery(values: Record<string, unknown>): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string' || typeof value === 'number') query.set(name, String(value))
  }
  return query
}

/** A tEXt chunk is Latin-1 and meta-png writes UTF-8: the same only for ASCII, to which JSON can be reduced. */
function ascii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
