import { type ChainOptions, type Denoiser, VQDiffusionPipeline } from 'vq-diffusion-webgpu'
import { type EventDescription, isDescribed, type NetworkDescription, type TensorDescription } from './descriptions'
import type { FuzzEngine, FuzzScheduler, FuzzTensor, MadeTensor } from './engines'

/** What a chain throws that is none of the library's errors: the signal's reason and the error of the network. */
export const abortReason = new DOMException('aborted by the fuzz', 'AbortError')
export const networkError = new Error('thrown by the network of the fuzz')

type Chain = ChainOptions<never> & { conditioning: undefined }

interface Previewed {
  readonly preview?: Promise<unknown>
  readonly predOriginalSample?: unknown
}

/** A chain with its network, and what happens in it. */
export class ChainCall {
  readonly #made: MadeTensor[] = []
  readonly #pipeline: VQDiffusionPipeline<never, undefined, readonly number[]>
  readonly #options: Chain
  readonly #stopAfter: number

  constructor(
    engine: FuzzEngine,
    scheduler: FuzzScheduler,
    [options, network, event]: readonly unknown[],
    nudge: number,
  ) {
    const { seed, scale, layout, odd } = network as NetworkDescription
    const happens = isDescribed<EventDescription>(event, 'event') ? event : { call: 0, event: 'none' }
    const controller = new AbortController()
    let calls = 0
    const denoiser = ({ sample, timestep, guided }: { sample: FuzzTensor; timestep: number; guided: boolean }) => {
      if (calls++ === happens.call) {
        if (happens.event === 'abort') controller.abort(abortReason)
        if (happens.event === 'throw') throw networkError
        if (happens.event === 'no tensor') return undefined
      }
      const [B = 1, N = 1] = sample.shape
      const items = (guided ? 2 * B : B) + (calls === happens.call + 1 && happens.event === 'wrong shape' ? 1 : 0)
      const shape = layout === 'class-major' ? [items, scheduler.numCodes!, N] : [items, N, scheduler.numCodes!]
      const description: TensorDescription = {
        $: 'tensor',
        dtype: 'f32',
        shape,
        content: { logits: seed + timestep, scale, odd },
      }
      const made = engine.make(description, nudge)
      this.#made.push(made)
      return made.given
    }
    this.#stopAfter = happens.event === 'stop' ? happens.call : Infinity
    this.#options = happens.event === 'abort' ? withSignal(options, controller.signal) : (options as Chain)
    this.#pipeline = new VQDiffusionPipeline({
      scheduler: scheduler as never,
      denoiser: denoiser as unknown as Denoiser<never, undefined>,
      decoder: async (tokens: FuzzTensor) => Array.from(await tokens.read()),
      layout,
    })
  }

  async generate(): Promise<unknown> {
    return this.#pipeline.generate(this.#options)
  }

  async start(): Promise<unknown> {
    return this.#pipeline.start(this.#options)
  }

  /** What every step shows, and the tokens at the end. */
  async sample(digest: (value: unknown) => Promise<unknown>): Promise<unknown> {
    const steps: unknown[] = []
    for await (const progress of this.#pipeline.sample(this.#options)) {
      const { stepMilliseconds, preview, predOriginalSample, ...others } = progress as typeof progress & Previewed
      if (!(stepMilliseconds >= 0)) throw new Error(`stepMilliseconds is ${stepMilliseconds}`)
      // With automatic previews, the time that a step takes decides which steps have one.
      const timed = this.#options.previewEvery === undefined || this.#options.previewEvery === 'auto'
      const shown = timed ? {} : { predOriginalSample, preview: await preview }
      steps.push(await digest({ ...others, ...shown }))
      if (steps.length > this.#stopAfter) break
    }
    return steps
  }

  destroy(): void {
    for (const made of this.#made.splice(0)) made.destroy()
  }
}

/** The options with a signal, unless they are no options or have one. */
function withSignal(options: unknown, signal: AbortSignal): Chain {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options)
  return (isObject && !('signal' in options) ? { ...options, signal } : options) as Chain
}
