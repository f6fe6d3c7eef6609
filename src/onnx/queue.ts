let last: Promise<unknown> = Promise.resolve()

/**
 * Starts `work` when all earlier work has settled.
 *
 * All sessions of onnxruntime-web share one WebAssembly instance, which cannot be re-entered while it waits (1.30): two
 * concurrent WebGPU runs never return, or block the page, and of two sessions created concurrently one fails with
 * "another WebGPU EP inference session is being created". So sessions are created, run and released one at a time.
 */
export function oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
  const result = last.then(work)
  last = result.then(nextTask, nextTask)
  return result
}

/**
 * Resolves in a later task. By then the caller of a run has enqueued the GPU work that reads its output, which the next
 * run overwrites.
 */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
