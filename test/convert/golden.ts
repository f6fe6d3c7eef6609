import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Checkpoint } from '../../src/convert/checkpoint/checkpoint'
import { type AuthorsPaths, openCheckpoint } from '../../src/convert/checkpoint/open_checkpoint'
import { type GoldenCase, readCases } from './golden_cases'

export type { GoldenArray, GoldenCase } from './golden_cases'

/** The folder of a golden pipeline (test/fixtures/pipelines/README.md). */
export const goldenFolder = (name: string) => fileURLToPath(new URL(`../fixtures/pipelines/${name}`, import.meta.url))

/** What the real code computed of a golden pipeline, by the names of its cases. */
export async function goldenCases(name: string): Promise<Map<string, GoldenCase>> {
  const read = (file: string) => readFile(join(goldenFolder(name), file))
  const golden = JSON.parse((await read('golden.json')).toString())
  return readCases(golden, async (file) => new Uint8Array(await read(file)).buffer)
}

/** What the command is given of those that the authors' code made. */
const authorsFiles: Readonly<Record<string, AuthorsPaths & { readonly file: string }>> = {
  authors: {
    file: 'checkpoint/ithq_learnable.pth',
    vqvae: 'checkpoint/ithq_vqvae.pth',
    config: 'checkpoint/ithq.yaml',
    tokenizer: 'tokenizer',
  },
  authors_coco: {
    file: 'checkpoint/coco_pretrained.pth',
    vqvae: 'checkpoint/taming_f8_8192_openimages_last.pth',
    mapping: 'checkpoint/mapping.pt',
    config: 'checkpoint/coco.yaml',
    tokenizer: 'tokenizer',
  },
  authors_imagenet: {
    file: 'checkpoint/imagenet_pretrained.pth',
    mapping: 'checkpoint/mapping.pt',
    config: 'checkpoint/imagenet.yaml',
  },
}

/** The checkpoint of a golden pipeline, as the command opens it. */
export function openGolden(name: string): Promise<Checkpoint> {
  const inside = (path: string) => join(goldenFolder(name), path)
  const files = authorsFiles[name]
  if (!files) return openCheckpoint(inside('pipeline'))
  const { file, ...others } = files
  return openCheckpoint(
    inside(file),
    Object.fromEntries(Object.entries(others).map(([option, path]) => [option, inside(path)])),
  )
}
