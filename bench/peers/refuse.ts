import { PeerUnableError, type Problem } from '../peer'

/** A step that takes longer cannot be repeated often enough to be measured. */
const longest = 60_000

/** Throws PeerUnableError if a step took too long, in milliseconds. */
export function refuseSlow(milliseconds: number): void {
  if (milliseconds > longest) throw new PeerUnableError(`one step takes ${Math.round(milliseconds / 1000)} s`)
}

/** Throws PeerUnableError if a tensor of all classes cannot be bound; the libraries would fail later, or silently. */
export function refuseLarge({ device, sample, numVecClasses }: Problem): void {
  const bytes = sample.length * (numVecClasses - 1) * 4
  const limit = device.limits.maxStorageBufferBindingSize
  if (bytes > limit)
    throw new PeerUnableError(`its tensors need bindings of ${bytes} bytes; the device allows ${limit}`)
}

/** Milliseconds by the wall clock. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}
