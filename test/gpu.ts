/** Runs work inside error scopes: a stray WebGPU error fails it, unless it failed for a reason of its own. */
export async function withErrorScopes<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  for (const filter of ['validation', 'out-of-memory', 'internal'] as const) device.pushErrorScope(filter)
  const outcome = await work().then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  )
  const errors = await Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()])
  if ('reason' in outcome) throw outcome.reason
  for (const error of errors) if (error) throw new Error(`WebGPU: ${error.message}`)
  return outcome.value
}
