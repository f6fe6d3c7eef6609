import { DeviceLostError } from 'vq-diffusion-webgpu'
import { ThreadsError } from './runtime'

export const deviceLostMessage =
  'The graphics device was lost, perhaps to sleep or to another program. Generate starts it again.'

export const deviceLostAtOnceMessage =
  'The graphics device was lost as it was prepared. Everything runs on the CPU instead, only slower.'

export const outOfMemoryMessage =
  'There was not enough memory for the model. Close other tabs, then let Generate try again.'

/** Reason of a stop by the user. Compared by identity, because buffers of a lost device reject with an AbortError too. */
export const stopReason = new DOMException('The drawing was stopped.', 'AbortError')

/**
 * Runs `work` and gives its error a message for the user. Runs in the worker, because comlink keeps only name and message
 * of an error. Rethrows `stopReason` and a ThreadsError unchanged, which the page does not show.
 */
export async function withUserMessages<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error === stopReason || error instanceof ThreadsError) throw error
    throw new Error(userMessage(error), { cause: error })
  }
}

/** A sentence for the user. Errors of the library and of downloads are sentences already; others are replaced. */
export function userMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  // Pending work may fail before the device loss is reported; Chromium then says that the instance is gone.
  if (error instanceof DeviceLostError || /device (is|was) lost|instance (dropped|reference)/i.test(message)) {
    return deviceLostMessage
  }
  if (/out of memory|bad_alloc|allocation failed|(failed|unable) to allocate/i.test(message)) return outOfMemoryMessage
  return message
}
