import type { OnnxRuntime } from 'vq-diffusion-webgpu/onnx'

type Create = OnnxRuntime['InferenceSession']['create']
type Run = Awaited<ReturnType<Create>>['run']

/** The time that onnxruntime-web spends within runs: those on WebAssembly hold the thread, so that they never overlap. */
export class RunClock {
  #milliseconds = 0

  get milliseconds(): number {
    return this.#milliseconds
  }

  reset(): void {
    this.#milliseconds = 0
  }

  /** The same runtime, its sessions timed. */
  timing({ Tensor, env, InferenceSession }: OnnxRuntime): OnnxRuntime {
    const create = async (...parameters: unknown[]) => {
      const session = await (InferenceSession.create as (...given: unknown[]) => ReturnType<Create>)(...parameters)
      const run = session.run.bind(session) as (...given: unknown[]) => ReturnType<Run>
      session.run = async (...given: unknown[]) => {
        const begun = performance.now()
        try {
          return await run(...given)
        } finally {
          this.#milliseconds += performance.now() - begun
        }
      }
      return session
    }
    return { Tensor, env, InferenceSession: { create: create as Create } }
  }
}
