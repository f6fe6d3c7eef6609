import { FetchError } from '../errors'
import { externalFiles, requireExternalData } from '../onnx/external_data'
import { requireModel } from '../onnx/model_bytes'
import type { Graph } from '../onnx/session'
import type { Bytes, DownloadProgress } from '../store/files'
import type { LoadOptions, ModelFolder } from './model_folder'

/**
 * Loads graphs together, and the files that each names as soon as it is there. A file that several graphs name is loaded
 * once. The first failure stops the other files.
 */
export async function loadGraphs(
  folder: ModelFolder,
  paths: readonly string[],
  { onProgress, signal }: LoadOptions = {},
): Promise<Graph[]> {
  const abort = new AbortController()
  const stop = () => abort.abort(signal?.reason)
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  const files = new Map<string, Promise<Bytes>>()
  const progress = new Map<string, DownloadProgress>()

  async function loadFile(path: string): Promise<Bytes> {
    const report = (ofFile: DownloadProgress) => {
      progress.set(path, ofFile)
      // Every file reports its size when its download begins; until the graphs have, the total is not that of all.
      return progress.size < paths.length ? undefined : onProgress?.(sumOf(progress.values()))
    }
    const [content] = await folder.load([path], { signal: abort.signal, onProgress: report })
    return content!
  }

  function load(path: string): Promise<Bytes> {
    if (!files.has(path)) files.set(path, loadFile(path))
    return files.get(path)!
  }

  async function loadGraph(path: string): Promise<Graph> {
    const bytes = await load(path)
    requireModel(path, bytes)
    const loadData = async ([name, needed]: [string, number]) => {
      const dataPath = relativeTo(path, name)
      const content = await load(dataPath)
      requireExternalData(dataPath, content, needed)
      return [name, content] as const
    }
    return { bytes, externalData: Object.fromEntries(await Promise.all(Array.from(externalFiles(bytes), loadData))) }
  }

  const failures: unknown[] = []
  const fail = (error: unknown): undefined => {
    failures.push(error)
    abort.abort()
  }
  const graphs = await Promise.all(paths.map((path) => loadGraph(path).catch(fail)))
  // Files that were stopped store their last bytes before they settle.
  await Promise.allSettled(files.values())
  signal?.removeEventListener('abort', stop)
  signal?.throwIfAborted()
  if (failures.length > 0) throw failures[0]
  return graphs as Graph[]
}

function sumOf(files: Iterable<DownloadProgress>): DownloadProgress {
  let [loaded, total] = [0, 0]
  for (const file of files) {
    loaded += file.loaded
    total += file.total
  }
  return { loaded, total }
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
