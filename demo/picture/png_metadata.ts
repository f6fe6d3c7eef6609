import { addMetadata, getMetadata } from 'meta-png'
import type { Model } from '../model/model'
import type { Picture } from './picture'
import { pictureRecord, readPictureRecord } from './picture_record'

/** Keyword of the tEXt chunk that holds the picture as JSON. */
const KEYWORD = 'vq-diffusion-webgpu'
/** The PNG signature and the IHDR chunk. */
const HEADER_BYTES = 8 + 25

/**
 * A copy of `png` with a text chunk that holds the picture's record. Throws an Error with a sentence if tokens are masked.
 */
export async function writePngMetadata(png: Blob | Uint8Array<ArrayBuffer>, picture: Picture): Promise<Blob> {
  const text = toAscii(JSON.stringify(pictureRecord(picture)))
  const bytes = new Uint8Array(await new Blob([png]).arrayBuffer())
  return new Blob([addMetadata(bytes, KEYWORD, text) as Uint8Array<ArrayBuffer>], { type: 'image/png' })
}

/**
 * The picture in a file of `writePngMetadata`, undefined for any other file. The settings are valid for the
 * model whatever the file contains.
 *
 * @throws {Error} with a sentence if the file has our chunk and is damaged
 */
export function readPngMetadata(bytes: Uint8Array<ArrayBuffer>, model: Model): Picture | undefined {
  const text = findText(bytes)
  if (text === undefined) return undefined
  try {
    if (!isIntact(bytes, text)) throw new Error('Its checksum is wrong.')
    return readPictureRecord(JSON.parse(text) as Record<string, unknown>, model)
  } catch (error) {
    const reason = error instanceof SyntaxError || error instanceof TypeError ? '' : ` ${(error as Error).message}`
    throw new Error(`The file is damaged, so its settings cannot be restored.${reason}`, { cause: error })
  }
}

function findText(bytes: Uint8Array): string | undefined {
  try {
    return getMetadata(bytes, KEYWORD)
  } catch {
    // Not a PNG, or one that is truncated or has trailing bytes; our chunk is at the start, so it is not in there.
    return undefined
  }
}

/** meta-png does not verify the CRC, so this writes the chunk again, with its CRC, and searches the file for it. */
function isIntact(bytes: Uint8Array<ArrayBuffer>, text: string): boolean {
  const latin1 = new TextDecoder('latin1')
  const chunk = addMetadata(bytes.slice(0, HEADER_BYTES), KEYWORD, text).subarray(HEADER_BYTES)
  return latin1.decode(bytes).includes(latin1.decode(chunk))
}

/** A tEXt chunk is Latin-1 but meta-png writes UTF-8. The two agree on ASCII, so other characters are escaped. */
function toAscii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
