import { FetchError } from '../errors'
import { externalFiles, requireExternalData } from '../onnx/external_data'
import { requireModel } from '../onnx/model_bytes'
import type { Graph } from '../onnx/session'
import type { LoadOptions, ModelFolder } from './model_folder'

/** Loads graphs, and then the files that they name. A file that several graphs name is loaded once. */
export async function loadGraphs(
  folder: ModelFolder,
  paths: readonly string[],
  { onProgress, signal }: LoadOptions = {},
): Promise<Graph[]> {
  const graphs = await folder.load(paths, { onProgress, signal })
  for (const [i, graph] of graphs.entries()) requireModel(paths[i]!, graph)
  const named = graphs.map((bytes, i) =>
    Array.from(externalFiles(bytes), ([name, needed]) => ({ name, needed, path: relativeTo(paths[i]!, name) })),
  )
  const dataPaths = [...new Set(named.flat().map(({ path }) => path))]
  if (dataPaths.length === 0) return graphs.map((bytes) => ({ bytes, externalData: {} }))
  const done = graphs.reduce((sum, { length }) => sum + length, 0)
  const contents = await folder.load(dataPaths, {
    signal,
    onProgress: ({ loaded, total }) => onProgress?.({ loaded: done + loaded, total: done + total }),
  })
  const contentOf = (path: string) => contents[dataPaths.indexOf(path)]!
  for (const { path, needed } of named.flat()) requireExternalData(path, contentOf(path), needed)
  return graphs.map((bytes, i) => ({
    bytes,
    externalData: Object.fromEntries(named[i]!.map(({ name, path }) => [name, contentOf(path)])),
  }))
}

/** The path in the model folder of a file that is named relative to a graph's folder. */
function relativeTo(graph: string, name: string): string {
  const path = graph.split('/').slice(0, -1)
  for (const part of name.split('/')) {
    if (part === '..' && path.pop() === undefined)
      throw new FetchError(`The graph ${graph} names a file outside of the model folder: ${name}.`, name, 0)
    if (part !== '' && part !== '.' && part !== '..') path.push(part)
  }
  return path.join('/')
}
