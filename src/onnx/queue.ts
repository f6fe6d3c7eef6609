let last: Promise<unknown> = Promise.resolve()

/**
 * Starts `work` when everything given before has settled.
 *
 * All sessions of onnxruntime-web live in one WebAssembly instance that cannot be entered again while it waits: two
 * WebGPU runs at a time never return, or block the page for ever, and of two sessions created at a time one fails
 * ("another WebGPU EP inference session is being created", 1.30). So creating, running and releasing take turns here.
 */
export function oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
  const result = last.then(work)
  last = result.then(nextTask, nextTask)
  return result
}

/**
 * Resolves in a later task. Whoever awaited a run has then enqueued the GPU work that reads its output, which the next
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
