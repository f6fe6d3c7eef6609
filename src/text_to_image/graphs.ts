import { externalFiles } from '../onnx/external_data'
import { requireModel } from '../onnx/model_bytes'
import type { LoadOptions, ModelFolder } from './model_folder'

/** An ONNX graph, with the files in which it keeps weights. */
export interface Graph {
  readonly bytes: Uint8Array
  readonly externalData: Readonly<Record<string, Uint8Array>>
}

/** Loads graphs, and then the files that they name. A file that several graphs name is loaded once. */
export async function loadGraphs(
  folder: ModelFolder,
  paths: readonly string[],
  { onProgress, signal }: LoadOptions = {},
): Promise<Graph[]> {
  const graphs = await folder.load(paths, { onProgress, signal })
  for (const [i, graph] of graphs.entries()) requireModel(paths[i]!, graph)
  const named = graphs.map((bytes, i) =>
    externalFiles(bytes).map((name) => ({ name, path: relativeTo(paths[i]!, name) })),
  )
  const dataPaths = [...new Set(named.flat().map(({ path }) => path))]
  if (dataPaths.length === 0) return graphs.map((bytes) => ({ bytes, externalData: {} }))
  const done = graphs.reduce((sum, { length }) => sum + length, 0)
  const contents = await folder.load(dataPaths, {
    signal,
    onProgress: ({ loaded, total }) => onProgress?.({ loaded: done + loaded, total: done + total }),
  })
  return graphs.map((bytes, i) => ({
    bytes,
    externalData: Object.fromEntries(named[i]!.map(({ name, path }) => [name, contents[dataPaths.indexOf(path)]!])),
  }))
}

/** The path in the model folder of a file that is named relative to a graph's folder. */
function relativeTo(graph: string, name: string): string {
  return new URL(name, `folder:///${graph}`).pathname.slice(1)
}
