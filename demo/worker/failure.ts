import { DeviceLostError } from 'vq-diffusion-webgpu'

export const deviceLost =
  'The graphics device was lost, perhaps to sleep or to another program. Generate starts it again.'

export const outOfMemory = 'There was not enough memory for the model. Close other tabs, then let Generate try again.'

/**
 * Runs `work`; what it throws becomes an error with a sentence for a person. To be done in the worker, where errors still
 * have their classes. An abort stays what it is.
 */
export async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Error(sentence(error), { cause: error })
  }
}

/** The library and the downloads already speak in sentences; onnxruntime and the browser's allocators do not. */
export function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof DeviceLostError || /device (is|was) lost/i.test(message)) return deviceLost
  if (/out of memory|bad_alloc|allocation failed|(failed|unable) to allocate/i.test(message)) return outOfMemory
  return message
}
