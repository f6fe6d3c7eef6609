import { CheckpointError } from '../../errors'
import { parseJson } from '../../file_content'
import { kindOf } from '../../kind'
import { valueText } from '../../value_text'
import type { ByteFolder } from './checkpoint'

/** The index of a model of 10⁵ tensors has 10 MB. */
const jsonLimit = 2 ** 26

/** The whole of a small file. Rejects CheckpointError. */
export async function readSmall(folder: ByteFolder, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const name = `${folder.name}/${path}`
  const source = await folder.open(path)
  try {
    if (source.size > jsonLimit)
      throw new CheckpointError(`${name} has ${source.size} bytes, and ${jsonLimit} at most are read.`, name)
    return await source.read(0, source.size)
  } finally {
    await source.close()
  }
}

/** The object of a JSON file. Rejects CheckpointError. */
export async function readJson(folder: ByteFolder, path: string): Promise<Record<string, unknown>> {
  const name = `${folder.name}/${path}`
  const bytes = await readSmall(folder, path)
  let value: unknown
  try {
    value = parseJson(name, bytes, name, 0)
  } catch (cause) {
    throw new CheckpointError((cause as Error).message, name, { cause })
  }
  if (kindOf(value) !== 'Object')
    throw new CheckpointError(`${name} needs to be a JSON object; given ${valueText(value)}.`, name)
  return value as Record<string, unknown>
}
