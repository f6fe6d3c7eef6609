type RecordCommands = (encoder: GPUCommandEncoder) => void

/**
 * Calls `record` once, with an encoder that has compute passes and nothing else, and returns a function that records the
 * same passes into other encoders: WebGPU's command buffers can be submitted only once, and encoding a step takes the host
 * longer than the step takes a GPU.
 */
export function recordOnce(record: RecordCommands): RecordCommands {
  const passes: [method: string, given: unknown[]][][] = []
  const beginComputePass = () => {
    const calls: (typeof passes)[number] = []
    passes.push(calls)
    const get =
      (_: object, method: string) =>
      (...given: unknown[]) =>
        void calls.push([method, given])
    return new Proxy({}, { get })
  }
  record({ beginComputePass } as unknown as GPUCommandEncoder)
  return (encoder) => {
    for (const calls of passes) {
      const pass = encoder.beginComputePass({ label: 'bench/replayed' })
      const methods = pass as unknown as Record<string, (...given: unknown[]) => void>
      for (const [method, given] of calls) methods[method]!(...given)
    }
  }
}
