import {
  type Bytes,
  type DownloadProgress,
  loadFiles,
  type PartStore,
  type StorableFile,
} from 'vq-diffusion-webgpu/onnx'

/**
 * Downloads groups of files at the same time, with one progress. Each group is there as soon as all of its files are. The
 * first failure stops all of them, and rejects those that are not there when the bytes that arrived are stored.
 */
export function loadTogether(
  groups: readonly (readonly StorableFile[])[],
  { store, onProgress }: { store: PartStore; onProgress: (progress: DownloadProgress) => void },
): Promise<Bytes[]>[] {
  const abort = new AbortController()
  const progress = groups.map((files) => ({ loaded: 0, total: sum(files.map(({ bytes }) => bytes)) }))
  const loading = groups.map((files, i) => {
    const report = (now: DownloadProgress) => {
      progress[i] = now
      return onProgress({
        loaded: sum(progress.map(({ loaded }) => loaded)),
        total: sum(progress.map(({ total }) => total)),
      })
    }
    return loadFiles(files, { store, onProgress: report, signal: abort.signal })
  })
  return loading.map((group) =>
    group.catch(async (error) => {
      abort.abort(error)
      await Promise.allSettled(loading)
      throw error
    }),
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
