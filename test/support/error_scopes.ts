/** Runs work inside error scopes: rejects with the work's own error, or with a WebGPU error that it caused. */
export async function withErrorScopes<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  for (const filter of ['validation', 'out-of-memory', 'internal'] as const) device.pushErrorScope(filter)
  const outcome = await work().then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  )
  const errors = await Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()])
  const messages = errors.flatMap((error) => (error ? [`WebGPU: ${error.message}`] : []))
  // A WebGPU error is often the cause of the work's own error, so both are reported.
  if ('reason' in outcome && outcome.reason instanceof Error)
    outcome.reason.message += messages.map((message) => `\n${message}`).join('')
  if ('reason' in outcome) throw outcome.reason
  if (messages.length > 0) throw new Error(messages.join('\n'))
  return outcome.value
}
