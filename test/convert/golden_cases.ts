const types = { f32: Float32Array, f64: Float64Array, u32: Uint32Array }

type Dtype = keyof typeof types

interface StoredArray {
  readonly dtype: Dtype
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

/** The content of `golden.json`. */
export interface GoldenFile {
  readonly files: Readonly<Record<Dtype, { readonly file: string }>>
  readonly cases: readonly { readonly name: string; readonly inputs: object; readonly outputs: object }[]
}

/**
 * The cases of `golden.json` by their names, with other properties as they are there.
 *
 * @param read gives the content of a file of the folder
 */
export async function readCases(
  { files, cases }: GoldenFile,
  read: (file: string) => Promise<ArrayBuffer>,
): Promise<Map<string, GoldenCase>> {
  const contents = new Map<string, ArrayBuffer>()
  for (const [dtype, { file }] of Object.entries(files)) contents.set(dtype, await read(file))
  const arrayOf = ({ dtype, shape, offset, count }: StoredArray): GoldenArray => ({
    data: new types[dtype](contents.get(dtype)!, offset, count),
    shape,
  })
  const arraysOf = (stored: object) =>
    Object.fromEntries(Object.entries(stored).map(([key, array]) => [key, arrayOf(array)]))
  return new Map(
    cases.map((found) => [found.name, { ...found, inputs: arraysOf(found.inputs), outputs: arraysOf(found.outputs) }]),
  )
}
