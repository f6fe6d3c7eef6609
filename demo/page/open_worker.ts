import { proxy, type Remote, wrap } from 'comlink'
import { type DownloadProgress, MemoryStore } from 'vq-diffusion-webgpu/onnx'
import type { Backend, BackendChoice } from '../worker/protocol'
import type { Studio } from '../worker/studio'

/** A worker with a loaded model. */
export interface OpenWorker {
  studio: Remote<Studio>
  backend: Backend
  /** Rejects when the GPU or the worker fails, during a drawing or not. */
  failure: Promise<never>
  close(): void
}

/** Browsers do not report why. If the server has another version by now, only a reload helps. */
const NOT_LOADED = 'A part of this page could not be loaded. Check the connection; if it is there, load the page again.'

/** Outlives the workers. */
const memory = new MemoryStore()

/** Opens a worker; with one thread for the network if the browser starts no more. */
export async function openWorker(
  choice: BackendChoice,
  modelRoot: string,
  onProgress: (progress: DownloadProgress) => void,
): Promise<OpenWorker> {
  try {
    return await open(choice, modelRoot, onProgress)
  } catch (error) {
    if ((error as Error).name !== 'ThreadsError') throw error
    return open(choice, modelRoot, onProgress, 1)
  }
}

async function open(
  choice: BackendChoice,
  modelRoot: string,
  onProgress: (progress: DownloadProgress) => void,
  maxThreads?: number,
): Promise<OpenWorker> {
  const worker = new Worker(new URL('../worker/studio.ts', import.meta.url), { type: 'module' })
  const close = () => worker.terminate()
  let fail: (sentence: string) => void
  const failure = new Promise<never>((_, reject) => {
    fail = (sentence) => reject(new Error(sentence))
  })
  worker.addEventListener('error', () => fail(NOT_LOADED))
  const studio = wrap<Studio>(worker)
  try {
    const opened = studio.open(
      choice,
      modelRoot,
      proxy(memory),
      proxy(onProgress),
      proxy((sentence) => fail(sentence)),
      maxThreads,
    )
    return { studio, backend: await Promise.race([failure, opened]), failure, close }
  } catch (error) {
    close()
    throw error
  }
}
