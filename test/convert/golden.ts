import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const types = { f32: Float32Array, f64: Float64Array, u32: Uint32Array }

interface StoredArray {
  readonly dtype: keyof typeof types
  readonly shape: readonly number[]
  readonly offset: number
  readonly count: number
}

/** An array of a golden folder. */
export interface GoldenArray {
  readonly data: Float32Array | Float64Array | Uint32Array
  readonly shape: readonly number[]
}

export interface GoldenCase {
  readonly name: string
  readonly inputs: Readonly<Record<string, GoldenArray>>
  readonly outputs: Readonly<Record<string, GoldenArray>>
}

/** The folder of a golden pipeline (test/fixtures/pipelines/README.md). */
export const goldenFolder = (name: string) => fileURLToPath(new URL(`../fixtures/pipelines/${name}`, import.meta.url))

/** What the real code computed of a golden pipeline, by the names of its cases. */
export async function goldenCases(name: string): Promise<Map<string, GoldenCase>> {
  const folder = goldenFolder(name)
  const golden = JSON.parse(await readFile(join(folder, 'golden.json'), 'utf8'))
  const contents = new Map<string, ArrayBuffer>()
  for (const [dtype, { file }] of Object.entries<{ file: string }>(golden.files))
    contents.set(dtype, new Uint8Array(await readFile(join(folder, file))).buffer)
  const arrayOf = ({ dtype, shape, offset, count }: StoredArray): GoldenArray => ({
    data: new types[dtype](contents.get(dtype)!, offset, count),
    shape,
  })
  const arraysOf = (stored: Record<string, StoredArray>) =>
    Object.fromEntries(Object.entries(stored).map(([key, array]) => [key, arrayOf(array)]))
  return new Map(
    golden.cases.map((found: { name: string; inputs: never; outputs: never }) => [
      found.name,
      { ...found, inputs: arraysOf(found.inputs), outputs: arraysOf(found.outputs) },
    ]),
  )
}
