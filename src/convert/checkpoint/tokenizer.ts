import { CheckpointError } from '../../errors'
import { kindOf } from '../../kind'
import type { ByteFolder, Checkpoint } from './checkpoint'
import { readJson, readSmall } from './json'

type Tokenizer = NonNullable<Checkpoint['tokenizer']>

/**
 * CLIP's tokenizer of transformers: vocab.json and merges.txt, or the same in a tokenizer.json; the padding token and the
 * greatest length from tokenizer_config.json or special_tokens_map.json. Rejects CheckpointError.
 *
 * @param subfolder of the folder, without '/'; '' for the folder itself
 */
export async function readTokenizer(
  folder: ByteFolder,
  subfolder: string,
): Promise<Tokenizer & { maxLength?: number }> {
  const at = (file: string) => (subfolder === '' ? file : `${subfolder}/${file}`)
  const has = (file: string) => folder.paths.includes(at(file))
  const optional = async (file: string): Promise<Record<string, unknown>> =>
    has(file) ? readJson(folder, at(file)) : {}
  const config = await optional('tokenizer_config.json')
  const special = await optional('special_tokens_map.json')
  const padToken = config.pad_token ?? special.pad_token
  const specialPadToken = kindOf(padToken) === 'Object' ? (padToken as Record<string, unknown>).content : padToken
  const maxLength = config.model_max_length
  return {
    ...(has('vocab.json') ? await readFiles(folder, at) : await readTokenizerJson(folder, at('tokenizer.json'))),
    ...(typeof specialPadToken === 'string' && { specialPadToken }),
    ...(Number.isSafeInteger(maxLength) && (maxLength as number) > 1 && { maxLength: maxLength as number }),
  }
}

async function readFiles(folder: ByteFolder, at: (file: string) => string): Promise<Tokenizer> {
  await readJson(folder, at('vocab.json'))
  return { vocab: await readSmall(folder, at('vocab.json')), merges: await readSmall(folder, at('merges.txt')) }
}

async function readTokenizerJson(folder: ByteFolder, path: string): Promise<Tokenizer> {
  const model = (await readJson(folder, path)).model as { vocab?: unknown; merges?: unknown } | undefined
  if (kindOf(model?.vocab) !== 'Object' || !Array.isArray(model?.merges))
    throw new CheckpointError(`${folder.name}/${path} needs a model with vocab and merges.`, `${folder.name}/${path}`)
  const lines = model.merges.map((pair) => (Array.isArray(pair) ? pair.join(' ') : String(pair)))
  const encode = (text: string) => new TextEncoder().encode(text)
  return { vocab: encode(JSON.stringify(model.vocab)), merges: encode(`#version: 0.2\n${lines.join('\n')}\n`) }
}
