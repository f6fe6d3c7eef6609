import { DeviceLostError } from 'vq-diffusion-webgpu'

export const deviceLost =
  'The graphics device was lost, perhaps to sleep or to another program. Generate starts it again.'

export const outOfMemory = 'There was not enough memory for the model. Close other tabs, then let Generate try again.'

/** The reason of a stop that was asked for. Buffers of a lost device reject with an AbortError too, which is another matter. */
export const stopped = new DOMException('The drawing was stopped.', 'AbortError')

/**
 * Runs `work`; what it throws becomes an error with a sentence for a person. To be done in the worker, where errors still
 * have their classes. A stop stays what it is.
 */
export async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error === stopped) throw error
    throw new Error(sentence(error), { cause: error })
  }
}

/** The library and the downloads already speak in sentences; onnxruntime and the browser's allocators do not. */
export function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  // What is under way when the GPU goes may fail before the loss itself is told, in Chromium's words: its instance is gone.
  if (error instanceof DeviceLostError || /device (is|was) lost|instance (dropped|reference)/i.test(message)) {
    return deviceLost
  }
  if (/out of memory|bad_alloc|allocation failed|(failed|unable) to allocate/i.test(message)) return outOfMemory
  return message
}
