import { type Bytes, loadFiles, type PartStore, type StorableFile } from 'vq-diffusion-webgpu/onnx'
import type { PartName, PartsProgress } from './protocol'

/**
 * Downloads parts, each of some files, at the same time, with one progress. Each part is there as soon as all of its files
 * are. The first failure stops all of them, and rejects those that are not there when the bytes that arrived are stored.
 */
export function loadTogether<Name extends PartName>(
  parts: Readonly<Record<Name, readonly StorableFile[]>>,
  { store, onProgress }: { store: PartStore; onProgress: (progress: PartsProgress) => void },
): Record<Name, Promise<Bytes[]>> {
  const abort = new AbortController()
  const groups = Object.entries(parts) as [Name, readonly StorableFile[]][]
  const progress: PartsProgress['parts'] = Object.fromEntries(
    groups.map(([name, files]) => [name, { loaded: 0, total: sum(files.map(({ bytes }) => bytes)) }]),
  )
  const loading = groups.map(([name, files]) =>
    loadFiles(files, {
      store,
      signal: abort.signal,
      onProgress(now) {
        progress[name] = now
        const all = Object.values(progress)
        return onProgress({
          loaded: sum(all.map(({ loaded }) => loaded)),
          total: sum(all.map(({ total }) => total)),
          parts: { ...progress },
        })
      },
    }),
  )
  const settled = loading.map((part) =>
    part.catch(async (error) => {
      abort.abort(error)
      await Promise.allSettled(loading)
      throw error
    }),
  )
  return Object.fromEntries(groups.map(([name], i) => [name, settled[i]])) as Record<Name, Promise<Bytes[]>>
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
