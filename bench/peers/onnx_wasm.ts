import * as ort from 'onnxruntime-web/wasm'
import type { PreparedPeer, Problem } from '../peer'
import { feedsOf, stepShape } from './onnx_inputs'
import { stepGraph } from './onnx_step'
import { raceOf } from './race'

/**
 * A step on WebAssembly, in one thread unless the page is cross-origin isolated. Every run copies the inputs into the
 * memory of WebAssembly: there is no other way to give it numbers.
 */
export class OnnxOnWasm implements PreparedPeer {
  #tokens: ort.Tensor | undefined

  private constructor(
    private readonly session: ort.InferenceSession,
    private readonly feeds: Record<string, ort.Tensor>,
  ) {}

  static async create(problem: Problem): Promise<OnnxOnWasm> {
    // Reductions over the innermost axis are so much faster that one transposition pays.
    const shape = stepShape(problem, problem.layout === 'class-major')
    const { model } = stepGraph(shape, raceOf(problem))
    const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'], logSeverityLevel: 3 })
    const feeds = feedsOf(
      session,
      problem,
      shape,
      // A union of types and arrays fits none of the overloads, one of its members does.
      ({ type, data }, dims) => new ort.Tensor(type as 'float32', data as Float32Array, dims),
    )
    return new OnnxOnWasm(session, feeds)
  }

  async step(): Promise<void> {
    this.#tokens = Object.values(await this.session.run(this.feeds))[0]!
  }

  async finished(): Promise<void> {}

  async tokens(): Promise<Uint32Array> {
    return new Uint32Array(this.#tokens!.data as Int32Array)
  }

  async release(): Promise<void> {
    await this.session.release()
  }

  destroy(): void {}
}
