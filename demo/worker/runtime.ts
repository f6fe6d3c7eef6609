import { type Bytes, createOnnxSession } from 'vq-diffusion-webgpu/onnx'
import type { NetworkProvider } from './protocol'

/** More threads gain networks of this size little. */
const MAX_THREADS = 4

/** How long WebAssembly and its threads may take to start, in ms. A thread whose script is refused never answers. */
const START_TIMEOUT = 15_000

/** y = x: the smallest ONNX model. */
const IDENTITY = 'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN'

/** The threads of onnxruntime-web did not start. It can be started only once in a worker. */
export class ThreadsError extends Error {
  override readonly name = 'ThreadsError'
}

/**
 * How many threads the networks of a provider can have: on WebAssembly as many as the processor has if the page is
 * cross-origin isolated, else one. Networks on WebGPU leave the processor little to do.
 */
export function threadsFor(provider: NetworkProvider): number {
  const { crossOriginIsolated = false, navigator } = globalThis
  return provider === 'wasm' && crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency) : 1
}

/**
 * Loads onnxruntime-web with one execution provider, and starts it as soon as its binary is there, which takes as long as
 * it takes to read the networks. Rejects with ThreadsError.
 *
 * @param binary its content, or an address
 */
export async function startRuntime(provider: NetworkProvider, binary: Promise<Bytes | string>, threads: number) {
  const [ort, content] = await Promise.all([
    provider === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'),
    binary,
  ])
  const { wasm } = ort.env
  if (typeof content === 'string') wasm.wasmPaths = { wasm: content }
  else wasm.wasmBinary = content.buffer
  wasm.numThreads = threads
  ort.env.logLevel = 'error'
  if (provider === 'webgpu') return ort
  const model = Uint8Array.from(atob(IDENTITY), (character) => character.charCodeAt(0))
  const start = async () => (await createOnnxSession(ort, model, { provider: 'wasm' })).destroy()
  if (threads > 1) {
    wasm.initTimeout = START_TIMEOUT
    await withThreads(start)
  } else await start()
  return ort
}

/** onnxruntime-web reports a thread that fails as an uncaught error of this worker, and waits for it all the same. */
async function withThreads(start: () => Promise<void>): Promise<void> {
  let onError: (event: ErrorEvent) => void
  const failed = new Promise<never>((_, reject) => {
    onError = (event) => {
      event.preventDefault()
      reject(event.error)
    }
    self.addEventListener('error', onError)
  })
  try {
    await Promise.race([start(), failed])
  } catch (cause) {
    throw new ThreadsError('The threads of WebAssembly did not start.', { cause })
  } finally {
    self.removeEventListener('error', onError!)
  }
}
