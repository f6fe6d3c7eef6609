/** What a recorded dispatch needs. */
interface Dispatch {
  readonly pipeline: GPUComputePipeline
  readonly bindings: GPUBindGroup
  readonly workgroups: readonly [number, number?, number?]
}

/**
 * Compute passes that were recorded once, to be recorded again and again into other encoders: WebGPU's own command
 * buffers can be submitted once only, and making the same steps anew takes the host longer than they take a GPU.
 */
export class Recording {
  readonly #passes: Dispatch[][] = []

  /** Keeps what `record` does with the encoder that it is given: one that knows compute passes and nothing else. */
  constructor(record: (encoder: GPUCommandEncoder) => void) {
    record({ beginComputePass: () => this.#beginPass() } as unknown as GPUCommandEncoder)
  }

  replay(encoder: GPUCommandEncoder): void {
    for (const dispatches of this.#passes) {
      const pass = encoder.beginComputePass({ label: 'bench/replayed' })
      for (const { pipeline, bindings, workgroups } of dispatches) {
        pass.setPipeline(pipeline)
        pass.setBindGroup(0, bindings)
        pass.dispatchWorkgroups(...workgroups)
      }
      pass.end()
    }
  }

  #beginPass(): Partial<GPUComputePassEncoder> {
    const dispatches: Dispatch[] = []
    this.#passes.push(dispatches)
    let pipeline: GPUComputePipeline | undefined
    let bindings: GPUBindGroup | undefined
    return {
      setPipeline: (given) => {
        pipeline = given
        return undefined
      },
      setBindGroup: (_: number, given: GPUBindGroup | null | undefined) => {
        bindings = given ?? undefined
        return undefined
      },
      dispatchWorkgroups: (...workgroups) => {
        dispatches.push({ pipeline: pipeline!, bindings: bindings!, workgroups })
        return undefined
      },
      end: () => undefined,
    }
  }
}
