import { FetchError } from '../errors'
import { externalFiles, requireExternalData } from '../onnx/external_data'
import { requireModel } from '../onnx/model_bytes'
import type { Graph } from '../onnx/session'
import type { Bytes, DownloadProgress } from '../store/files'
import type { LoadOptions, ModelFolder } from './model_folder'

/** Options of `openGraphs`. */
export interface OpenOptions extends LoadOptions {
  /**
   * Called with the size of a graph, and with that of the weights beside it when they are known, before either is
   * downloaded. What it throws stops the download.
   */
  readonly onSize?: (path: string, graphBytes: number, weightBytes?: number) => void
}

/**
 * Loads graphs together, and the files that each names as soon as it is there, one after another: a checksum takes a copy
 * of a file. Each graph is opened when it is complete, and its files are let go then. A file that several graphs name is
 * loaded once. The first failure stops the other files.
 */
export async function openGraphs<Opened>(
  folder: ModelFolder,
  paths: readonly string[],
  open: (graph: Graph, index: number) => Promise<Opened>,
  { onProgress, signal, onSize }: OpenOptions = {},
): Promise<Opened[]> {
  const abort = new AbortController()
  const stop = () => abort.abort(signal?.reason)
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  const files = new Map<string, Promise<Bytes>>()
  /** The files of graphs that are not open yet; undefined for a graph that has not been read. */
  const unopened = new Map<number, readonly string[] | undefined>(paths.map((_, index) => [index, undefined]))
  const progress = new Map<string, DownloadProgress>()

  async function loadFile(path: string): Promise<Bytes> {
    const report = (ofFile: DownloadProgress) => {
      if (paths.includes(path)) onSize?.(path, ofFile.total)
      progress.set(path, ofFile)
      // Every graph reports its size when its download begins; until all have, the total is not that of all.
      return progress.size < paths.length ? undefined : onProgress?.(sumOf(progress.values()))
    }
    const [content] = await folder.load([path], { signal: abort.signal, onProgress: report })
    return content!
  }
  function load(path: string): Promise<Bytes> {
    if (!files.has(path)) files.set(path, loadFile(path))
    return files.get(path)!
  }
  async function loadGraph(path: string, index: number): Promise<Opened> {
    const bytes = await load(path)
    requireModel(path, bytes)
    const weights = Array.from(externalFiles(bytes), ([name, needed]) => ({ name, needed, at: relativeTo(path, name) }))
    unopened.set(index, [path, ...weights.map(({ at }) => at)])
    const sizes = weights.map(({ at, needed }) => folder.bytesOf(at) ?? needed)
    onSize?.(
      path,
      bytes.length,
      sizes.reduce((sum, size) => sum + size, 0),
    )
    for (const [i, { at }] of weights.entries())
      if (!progress.has(at)) progress.set(at, { loaded: 0, total: sizes[i]! })
    const externalData: Record<string, Bytes> = {}
    for (const { name, needed, at } of weights) {
      const content = await load(at)
      requireExternalData(at, content, needed)
      externalData[name] = content
    }
    return openInTurn({ bytes, externalData }, index)
  }
  let turn: Promise<unknown> = Promise.resolve()
  /** Sessions are created one at a time anyway; after a failure, or when the signal has stopped, none is. */
  function openInTurn(graph: Graph, index: number): Promise<Opened> {
    const opening = turn.then(() => {
      abort.signal.throwIfAborted()
      return open(graph, index)
    })
    turn = opening
    return opening
  }
  /** Lets go of the files that no graph needs any more. */
  function close(index: number): void {
    unopened.delete(index)
    const needed = [...unopened.values()]
    for (const path of files.keys())
      if (needed.every((others) => others !== undefined && !others.includes(path))) files.delete(path)
  }

  const failures: unknown[] = []
  const fail = (error: unknown): undefined => {
    failures.push(error)
    abort.abort()
  }
  const opened = await Promise.all(
    paths.map((path, index) =>
      loadGraph(path, index).then((result) => {
        close(index)
        return result
      }, fail),
    ),
  )
  // Files that were stopped store their last bytes before they settle.
  await Promise.allSettled(files.values())
  signal?.removeEventListener('abort', stop)
  signal?.throwIfAborted()
  if (failures.length > 0) throw failures[0]
  return opened as Opened[]
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
