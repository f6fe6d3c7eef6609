import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type * as Ort from 'onnxruntime-web'
import { paths, weightsPrefix } from '../write/model_index'

export type OnnxRuntime = Pick<typeof Ort, 'InferenceSession' | 'Tensor'>

/** A tensor of a run: integers are int32, floats float32. */
export interface RunTensor {
  readonly data: Int32Array | Float32Array
  readonly dims: readonly number[]
}

/** Runs one network of a model folder once, on onnxruntime's WebAssembly provider, and frees it. @returns its output */
export async function runNetwork(
  ort: OnnxRuntime,
  folder: string,
  path: string,
  inputs: Readonly<Record<string, RunTensor>>,
): Promise<RunTensor> {
  const manifest = JSON.parse(await readFile(join(folder, paths.manifest), 'utf8')) as {
    files: Record<string, unknown>
  }
  // Those of other networks in the folder do not hurt, but take memory.
  const prefix = `${dirname(path)}/${weightsPrefix(path)}.`
  const files = Object.keys(manifest.files).filter((file) => file.startsWith(prefix) && file.endsWith('.bin'))
  const externalData = await Promise.all(
    files.map(async (file) => ({
      path: file.slice(dirname(path).length + 1),
      data: new Uint8Array(await readFile(join(folder, file))),
    })),
  )
  const model = new Uint8Array(await readFile(join(folder, path)))
  const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'], externalData })
  const feeds = Object.entries(inputs).map(([name, { data, dims }]) => {
    const tensor =
      data instanceof Int32Array ? new ort.Tensor('int32', data, dims) : new ort.Tensor('float32', data, dims)
    return [name, tensor] as const
  })
  try {
    const [output] = Object.values(await session.run(Object.fromEntries(feeds)))
    return { data: output!.data as Float32Array | Int32Array, dims: output!.dims }
  } finally {
    await session.release()
  }
}
