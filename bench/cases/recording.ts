type Call = readonly [method: string, given: readonly unknown[]]

/**
 * Compute passes that were recorded once, to be recorded again into other encoders: WebGPU's command buffers can be
 * submitted only once, and encoding a step takes the host longer than the step takes a GPU.
 */
export class Recording {
  readonly #passes: Call[][] = []

  /** Keeps what `record` does with the encoder it is given, which has compute passes and nothing else. */
  constructor(record: (encoder: GPUCommandEncoder) => void) {
    const beginComputePass = () => {
      const calls: Call[] = []
      this.#passes.push(calls)
      return new Proxy(
        {},
        {
          get:
            (_, method: string) =>
            (...given: unknown[]) =>
              void calls.push([method, given]),
        },
      )
    }
    record({ beginComputePass } as unknown as GPUCommandEncoder)
  }

  replay(encoder: GPUCommandEncoder): void {
    for (const calls of this.#passes) {
      const pass = encoder.beginComputePass({ label: 'bench/replayed' })
      const methods = pass as unknown as Record<string, (...given: readonly unknown[]) => void>
      for (const [method, given] of calls) methods[method]!(...given)
    }
  }
}
