import { CheckpointError } from '../../errors'
import { quoted } from '../../value_text'
import type { ByteSource } from './checkpoint'

const fileLimit = 2 ** 20

/**
 * The number of heads in LayoutDM's config.yaml. Rejects CheckpointError if the file says that its network computes
 * otherwise than the published ones do, which its weights would not show.
 */
export async function readLayoutSettings(source: ByteSource): Promise<{ readonly heads?: number }> {
  const { name, size } = source
  if (size > fileLimit) throw new CheckpointError(`${name} is no configuration: it has ${size} bytes.`, name)
  const text = new TextDecoder().decode(await source.read(0, size))
  const stated = (key: string) => new RegExp(`^\\s*${key}:\\s*['"]?([\\w.]+)`, 'm').exec(text)?.[1]
  for (const [key, needed] of Object.entries(published)) {
    const given = stated(key)
    if (given !== undefined && given !== needed)
      throw new CheckpointError(
        `${name} needs ${key}: ${needed}; given ${quoted(given)}, which is not supported.`,
        name,
      )
  }
  const heads = stated('nhead')
  if (heads === undefined || !/^[1-9]\d{0,5}$/.test(heads))
    throw new CheckpointError(`${name} is no configuration of LayoutDM: it needs nhead.`, name)
  return { heads: Number(heads) }
}

/** Values that all published models have, where they are stated. */
const published: Readonly<Record<string, string>> = {
  timestep_type: 'adalayernorm',
  transformer_type: 'flattened',
  q_type: 'constrained',
  norm_first: 'true',
  activation: 'relu',
}
