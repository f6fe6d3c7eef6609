import { VQDiffusionError } from 'vq-diffusion-webgpu'
import { abortReason, networkError } from './chains'

/** What a call does on an engine. */
export interface Outcome {
  /** 'done', the name of a named error, or which other error the caller has caused. */
  readonly result: string
  /** What was returned, with the elements of its tensors. */
  readonly value?: unknown
  /** What the given tensors hold afterwards, by their paths. */
  readonly tensors: Readonly<Record<string, readonly number[]>>
  /** The counters of the given generators. */
  readonly counters: readonly number[]
}

/** Something that no call may do. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** The name of an error that a call may throw. */
export function nameOf(error: unknown, method: string): string {
  if (error === abortReason) return 'the reason of the signal'
  if (error === networkError) return 'the error of the network'
  if (error instanceof VQDiffusionError) return error.name
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error)
  throw error instanceof Violation ? error : new Violation(`${method} throws ${text}`)
}

/** A call that takes longer than this hangs. Once one does, the search for a smaller one waits less. */
let patienceMilliseconds = 30_000

/** Throws Violation if the work hangs. */
export async function soon<T>(work: Promise<T>, method: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      patienceMilliseconds = 1000
      reject(new Violation(`${method} hangs`))
    }, patienceMilliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
