import { proxy, type Remote, wrap } from 'comlink'
import { MemoryStore } from 'vq-diffusion-webgpu/onnx'
import type { BackendChoice, ModelFolder, OpenedModel, PartsProgress } from '../worker/protocol'
import type { Studio } from '../worker/studio'

/** A worker with what it has loaded. */
export interface RunningWorker {
  studio: Remote<Studio>
  /** Rejects when the GPU or the worker fails, during a drawing or not. */
  failure: Promise<never>
  close(): void
}

/** A worker with a loaded model. */
export interface OpenWorker extends RunningWorker, OpenedModel {}

/** A worker that decodes and does nothing else. */
export interface DecodingWorker extends RunningWorker {
  /** The hash of the model, as in its facts. */
  modelHash: string
}

/** Browsers do not report why. If the server has another version by now, only a reload helps. */
const NOT_LOADED = 'A part of this page could not be loaded. Check the connection; if it is there, load the page again.'

/** Outlives the workers. */
const memory = new MemoryStore()

/** What a worker is opened with: the stickers, or the model of a folder. */
interface Request {
  choice: BackendChoice
  /** URL of the sticker model's folder, with a trailing slash. */
  modelRoot: string
  folder?: ModelFolder
}

/** Opens a worker; with one thread for the network if the browser starts no more. */
export async function openWorker(request: Request, onProgress: (progress: PartsProgress) => void): Promise<OpenWorker> {
  try {
    return await open(request, onProgress)
  } catch (error) {
    if ((error as Error).name !== 'ThreadsError') throw error
    return open({ ...request, maxThreads: 1 }, onProgress)
  }
}

async function open(
  request: Request & { maxThreads?: number },
  onProgress: (progress: PartsProgress) => void,
): Promise<OpenWorker> {
  const { fail, ...worker } = startWorker()
  // Without https there is no service worker.
  const isServed = Boolean(navigator.serviceWorker?.controller)
  const opened = worker.studio.open({ ...request, isServed }, proxy(memory), proxy(onProgress), proxy(fail))
  return { ...worker, ...(await outcome(opened, worker)) }
}

/** Opens a worker that decodes only, for which no denoiser is downloaded. */
export async function openDecoder(
  choice: BackendChoice,
  modelRoot: string,
  onProgress: (progress: PartsProgress) => void,
): Promise<DecodingWorker> {
  const { fail: _, ...worker } = startWorker()
  const opened = worker.studio.openDecoder(choice, modelRoot, proxy(memory), proxy(onProgress))
  return { ...worker, modelHash: await outcome(opened, worker) }
}

function startWorker(): RunningWorker & { fail(sentence: string): void } {
  const worker = new Worker(new URL('../worker/studio.ts', import.meta.url), { type: 'module' })
  let fail!: (sentence: string) => void
  const failure = new Promise<never>((_, reject) => {
    fail = (sentence) => reject(new Error(sentence))
  })
  worker.addEventListener('error', () => fail(NOT_LOADED))
  return { studio: wrap<Studio>(worker), failure, fail, close: () => worker.terminate() }
}

/** What `opened` gives. If it or the worker fails, the worker is closed. */
async function outcome<Result>(opened: Promise<Result>, { failure, close }: RunningWorker): Promise<Result> {
  try {
    return await Promise.race([failure, opened])
  } catch (error) {
    close()
    throw error
  }
}
