import { proxy, type Remote, wrap } from 'comlink'
import type { BackendChoice } from '../picture/settings'
import type { DownloadProgress } from '../store/download'
import { Shelf } from '../store/memory_store'
import type { Backend } from '../worker/backend'
import type { Studio } from '../worker/studio'

/** The worker with the model in it. After a failure it is closed, and another one opened. */
export interface OpenStudio {
  studio: Remote<Studio>
  backend: Backend
  /** Rejects when the GPU or the worker fails, whether or not something is being drawn. */
  failure: Promise<never>
  close(): void
}

/** Browsers do not tell why. Generate helps once the connection is back, but not if the server has another version. */
const notLoaded = 'A part of this page could not be loaded. Check the connection; if it is there, load the page again.'

const MODEL_ROOT = new URL('models/emoji-16x16/', document.baseURI).href

/** Outlives the workers, and so does what has arrived in it. */
const shelf = new Shelf()

export async function openStudio(choice: BackendChoice, onProgress: DownloadProgress): Promise<OpenStudio> {
  const worker = new Worker(new URL('../worker/studio.ts', import.meta.url), { type: 'module' })
  const close = () => worker.terminate()
  let fail: (sentence: string) => void
  const failure = new Promise<never>((_, reject) => {
    fail = (sentence) => reject(new Error(sentence))
  })
  worker.addEventListener('error', () => fail(notLoaded))
  const studio = wrap<Studio>(worker)
  try {
    const opened = studio.open(
      choice,
      MODEL_ROOT,
      proxy(shelf),
      proxy(onProgress),
      proxy((sentence) => fail(sentence)),
    )
    return { studio, backend: await Promise.race([failure, opened]), failure, close }
  } catch (error) {
    close()
    throw error
  }
}
