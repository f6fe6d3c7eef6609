import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCheckpoint } from '../src/convert/checkpoint/open_checkpoint'
import { convertCheckpoint } from '../src/convert/write/convert'
import { classModelFolder } from '../test/support/class_model'
import type { TestServer } from './test_server'

/** A small checkpoint of diffusers, of texts, as the converter writes it. Returns its folder. */
export async function convertedFolder(): Promise<string> {
  const checkpoint = await openCheckpoint(path('../test/fixtures/pipelines/current/pipeline'))
  const out = join(await parent(), 'golden')
  const options = { dtype: 'f32', attention: 'fused', encoder: true, shardBytes: 2 ** 20, command: 'npx' } as const
  await convertCheckpoint(checkpoint, out, { name: 'golden', source: 'current', ...options })
  await checkpoint.close()
  return out
}

/** A model of ten classes on a grid that is not square, without alpha and without an encoder. Returns its folder. */
export async function classFolder(): Promise<string> {
  const folder = join(await parent(), 'ten classes')
  for (const [name, content] of classModelFolder()) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), Buffer.from(await content.arrayBuffer()))
  }
  return folder
}

/** Has the server send the files of a folder below this path. */
export async function serveFolder(server: TestServer, folder: string, at: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = join(entry.parentPath, entry.name)
    server.add(`${at}${file.slice(folder.length)}`, await readFile(file))
  }
}

function parent(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'models-'))
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}
