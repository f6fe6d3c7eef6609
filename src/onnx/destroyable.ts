import { dispose } from '../dispose'
import { DestroyedError } from '../errors'

/** A function that owns buffers. */
export interface Destroyable {
  destroy(): void
  [Symbol.dispose](): void
}

/**
 * Gives a network's function a `destroy` that calls `free` once; later calls reject with DestroyedError.
 *
 * @param run the function; it calls `requireAlive` again after it has waited, before it creates anything
 */
export function destroyable<Given, Result>(
  name: string,
  run: (given: Given, requireAlive: () => void) => Promise<Result>,
  free: () => void,
): ((given: Given) => Promise<Result>) & Destroyable {
  let destroyed = false
  const requireAlive = () => {
    if (destroyed) throw new DestroyedError(`The ${name} was destroyed.`)
  }
  const call = async (given: Given) => {
    requireAlive()
    return run(given, requireAlive)
  }
  const destroy = () => {
    if (!destroyed) free()
    destroyed = true
  }
  return Object.assign(call, { destroy, [dispose]: destroy })
}
