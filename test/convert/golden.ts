import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
