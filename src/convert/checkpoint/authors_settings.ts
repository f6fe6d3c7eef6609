import { CheckpointError } from '../../errors'
import { quoted } from '../../value_text'
import type { ByteSource } from './checkpoint'

/** What the weights of the authors' models do not tell. */
export interface AuthorsSettings {
  readonly heads?: number
  /** Height and width of the latent pixels. */
  readonly grid?: readonly [number, number]
}

const fileLimit = 2 ** 20

/**
 * Settings of the authors' YAML files, found by their keys. Rejects CheckpointError if a file says that its network
 * computes otherwise than the published ones do, which its weights would not show.
 */
export async function readSettings(source: ByteSource): Promise<AuthorsSettings> {
  const { name, size } = source
  if (size > fileLimit) throw new CheckpointError(`${name} is no configuration: it has ${size} bytes.`, name)
  const text = new TextDecoder().decode(await source.read(0, size))
  for (const [key, needed] of Object.entries(published)) {
    const given = new RegExp(`^\\s*${key}:\\s*['"]?([\\w.]+)`, 'm').exec(text)?.[1]
    if (given !== undefined && given.toLowerCase() !== needed.toLowerCase())
      throw new CheckpointError(
        `${name} needs ${key}: ${needed}; given ${quoted(given)}, which is not supported.`,
        name,
      )
  }
  const heads = /^\s*n_head:\s*(\d{1,6})\b/m.exec(text)?.[1]
  if (heads === undefined || Number(heads) < 1)
    throw new CheckpointError(`${name} is no configuration of VQ-Diffusion's authors: it needs n_head.`, name)
  // In a line, or a line each.
  const grid =
    /^\s*content_spatial_size:\s*(?:!!python\/tuple\s*)?(?:\[|-)?\s*(?:-\s*)?(\d{1,6})\s*(?:,|-)\s*(\d{1,6})/m.exec(
      text,
    )
  return { heads: Number(heads), ...(grid && { grid: [Number(grid[1]), Number(grid[2])] }) }
}

/** Values that all published models have. */
const published: Readonly<Record<string, string>> = {
  block_activate: 'GELU2',
  timestep_type: 'adalayernorm',
  class_type: 'adalayernorm',
  alpha_init_type: 'alpha1',
  normalize: 'true',
  pick_last_embedding: 'false',
  additional_last_embedding: 'false',
}
