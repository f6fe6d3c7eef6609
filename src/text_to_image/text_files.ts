import { ConfigError } from '../errors'
import { parseJson } from '../file_content'
import type { TextEmbeddings } from '../onnx/text_embeddings'
import { ClipTokenizer } from './clip_tokenizer'
import type { TextComponents } from './model_components'
import type { ModelFolder } from './model_folder'
import type { PipelineParts } from './parts'
import { WordTokenizer } from './word_tokenizer'

/** Reads the tokenizer of a model folder, and its learned embeddings. Rejects with FetchError or ConfigError. */
export async function readTextFiles(
  folder: ModelFolder,
  text: TextComponents,
  signal: AbortSignal | undefined,
): Promise<Pick<PipelineParts, 'tokenizer' | 'unconditionalText'>> {
  if (text.kind === 'words') return { tokenizer: new WordTokenizer(await folder.json(text.tokenizer, signal)) }
  const { tokenizer: path, length, unconditional } = text
  // Loaded like the networks, since CLIP's vocabulary has 2 MB: it is stored and checked.
  const [file, table] = await folder.load([path, ...(unconditional === undefined ? [] : [unconditional])], { signal })
  const tokenizer = new ClipTokenizer(parseJson(`The file ${path}`, file!, path, 0), length)
  return { tokenizer, ...(table && { unconditionalText: embeddingsOf(unconditional!, table, length) }) }
}

/** A table of little-endian floats, [length, features]. */
function embeddingsOf(path: string, bytes: Uint8Array, length: number): TextEmbeddings {
  const features = bytes.length / 4 / length
  if (features === 0 || !Number.isInteger(features))
    throw new ConfigError(`${path} needs float32 values [${length}, features]; given ${bytes.length} bytes.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const data = Float32Array.from({ length: features * length }, (_, i) => view.getFloat32(4 * i, true))
  return { data, shape: [length, features] }
}
