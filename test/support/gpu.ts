import { it } from 'vitest'
import { pcg4d } from '../src/cpu/random'

/** Runs work inside error scopes: a stray WebGPU error fails it, unless it failed for a reason of its own. */
export async function withErrorScopes<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  for (const filter of ['validation', 'out-of-memory', 'internal'] as const) device.pushErrorScope(filter)
  const outcome = await work().then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  )
  const errors = await Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()])
  const messages = errors.flatMap((error) => (error ? [`WebGPU: ${error.message}`] : []))
  // A stray error is often the cause of the failure.
  if ('reason' in outcome && outcome.reason instanceof Error)
    outcome.reason.message += messages.map((m) => `\n${m}`).join('')
  if ('reason' in outcome) throw outcome.reason
  if (messages.length > 0) throw new Error(messages.join('\n'))
  return outcome.value
}

/** A test on a device, inside error scopes; one with millions of tokens may need longer than others. */
export function gpuTest(device: GPUDevice, name: string, work: () => Promise<void>, milliseconds?: number): void {
  it(name, () => withErrorScopes(device, work), milliseconds)
}

/** Numbers from −scale/2 to scale/2 that depend on nothing but the seed. */
export function pseudoLogits(length: number, seed: number, scale = 8): Float32Array<ArrayBuffer> {
  const words = Array.from({ length: Math.ceil(length / 4) }, (_, i) => pcg4d([i, seed, 1, 2])).flat()
  return Float32Array.from({ length }, (_, i) => (words[i]! / 2 ** 32 - 0.5) * scale)
}

/** Tokens 0 to numCodes − 1, and the mask with a given share. */
export function pseudoTokens(
  length: number,
  numCodes: number,
  maskShare: number,
  seed: number,
): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length }, (_, i) => {
    const [x, y] = pcg4d([i, seed, 3, 4])
    return x / 2 ** 32 < maskShare ? numCodes : y % numCodes
  })
}
