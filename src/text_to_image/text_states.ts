import type { HostFloats } from '../onnx/shapes'
import { normaliseTextEmbeddings } from '../onnx/text_embeddings'

/** Prompts whose states are kept: of CLIP's 77 × 512 floats, 5 MB. */
const KEPT = 32

/**
 * The normalised hidden states of prompts by their tokens. Each prompt is encoded alone, so that its states, and the
 * pictures, do not depend on what else is drawn; those of the latest prompts are kept.
 */
export class TextStates {
  readonly #known = new Map<string, Promise<Float32Array>>()

  /** @param encode tokens int32 [L] → hidden states f32 [1, L, H] */
  constructor(private readonly encode: (ids: Int32Array) => Promise<HostFloats>) {}

  /** The states of each prompt, f32 [L · H]. They are not to be changed. Rejects as the encoder does. */
  async of(prompts: readonly Int32Array[]): Promise<readonly Float32Array[]> {
    return Promise.all(prompts.map((ids) => this.#stateOf(ids)))
  }

  #stateOf(ids: Int32Array): Promise<Float32Array> {
    const key = ids.join()
    const state = this.#known.get(key) ?? this.#encode(ids)
    // The latest comes last.
    this.#known.delete(key)
    this.#known.set(key, state)
    const [oldest] = this.#known.keys()
    if (this.#known.size > KEPT) this.#known.delete(oldest!)
    state.catch(() => {
      if (this.#known.get(key) === state) this.#known.delete(key)
    })
    return state
  }

  async #encode(ids: Int32Array): Promise<Float32Array> {
    return normaliseTextEmbeddings(await this.encode(ids)).data
  }
}
