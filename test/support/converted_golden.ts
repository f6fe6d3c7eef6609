import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { convertCheckpoint } from '../../src/convert/write/convert'
import { openGolden } from '../convert/golden'

/** The files of a golden pipeline, converted to float32, by their paths. */
export async function convertedGolden(name: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const parent = await mkdtemp(join(tmpdir(), 'golden-'))
  const out = join(parent, name)
  const checkpoint = await openGolden(name)
  const options = { dtype: 'f32', attention: 'fused', encoder: true, shardBytes: 400_000, command: 'npx' } as const
  await convertCheckpoint(checkpoint, out, { name, source: name, ...options })
  await checkpoint.close()
  const entries = await readdir(out, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(
    paths.map(async (path) => [relative(out, path), new Uint8Array(await readFile(path))] as const),
  )
  await rm(parent, { recursive: true })
  return new Map(files)
}
