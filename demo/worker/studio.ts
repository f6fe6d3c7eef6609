import { expose } from 'comlink'
import type { GpuTensor } from 'vq-diffusion-webgpu'
import type { CpuTensor } from 'vq-diffusion-webgpu/cpu'
import { type DownloadProgress, download } from '../download'
import { toStraightBytes } from '../pixels'
import type { BackendChoice } from '../settings'
import { modelFiles, runtimeFile } from './assets'
import { type Backend, chooseBackend } from './backend'
import { deviceLost, explained, outOfMemory, stopped } from './failure'
import { loadRuntime } from './runtime'
import { createSampler, type Sampler } from './sampler'

export interface Drawing {
  /** [16] tokens of style and prompt. */
  text: Int32Array
  steps: number
  guidance: number
  seed: number
}

/** What can be seen of a drawing that is not finished. Pictures are straight-alpha RGBA bytes. */
export type DrawingEvent =
  | { kind: 'step'; step: number; milliseconds: number }
  | { kind: 'masked'; masked: Uint8Array }
  | { kind: 'preview'; step: number; bytes: Uint8ClampedArray<ArrayBuffer> }

/** Straight-alpha RGBA bytes, and what a step took on average. */
export interface Picture {
  bytes: Uint8ClampedArray<ArrayBuffer>
  stepMilliseconds: number
}

const NUM_LATENT_PIXELS = 256
const MASK_CLASS = 4096
/** What the model's card recommends. */
const TRUNCATION_RATE = 0.86

/** Everything heavy: scheduler, network and decoder, on a thread of their own. */
export class Studio {
  #sampler: Sampler | undefined
  #stop = new AbortController()

  /**
   * Downloads the model and makes it ready to draw.
   *
   * @param modelRoot absolute address of the model's folder, with a slash at its end
   * @param onFailure called with a sentence when the GPU fails later, whether or not something is being drawn
   */
  open(
    choice: BackendChoice,
    modelRoot: string,
    onProgress: DownloadProgress,
    onFailure: (sentence: string) => void,
  ): Promise<Backend> {
    return explained(async () => {
      const { device, ...backend } = await chooseBackend(choice)
      device?.lost.then(() => onFailure(deviceLost))
      device?.addEventListener('uncapturederror', ({ error }) =>
        onFailure(error instanceof GPUOutOfMemoryError ? outOfMemory : error.message),
      )
      const files = [runtimeFile(backend.network), ...modelFiles(modelRoot)]
      const [binary, denoiser, decoder] = await download(files, onProgress)
      const ort = await loadRuntime(backend.network, binary!)
      this.#sampler = await createSampler({
        ...backend,
        device,
        ort,
        modelRoot,
        denoiser: denoiser!,
        decoder: decoder!,
      })
      return backend
    })
  }

  /** Draws one picture and gives its bytes; rejects with an AbortError when stopped. */
  draw(drawing: Drawing, onEvent: (event: DrawingEvent) => void): Promise<Picture> {
    const stop = new AbortController()
    this.#stop = stop
    return explained(() => this.#draw(drawing, stop, onEvent))
  }

  stop(): void {
    this.#stop.abort(stopped)
  }

  async #draw(
    { text, steps, guidance, seed }: Drawing,
    stop: AbortController,
    onEvent: (event: DrawingEvent) => void,
  ): Promise<Picture> {
    const { pipeline, decoder } = this.#sampler!
    const items = pipeline.sample({
      numLatentPixels: NUM_LATENT_PIXELS,
      numInferenceSteps: steps,
      guidanceScale: guidance,
      truncationRate: TRUNCATION_RATE,
      conditioning: { conditional: { text }, unconditional: { text: new Int32Array(text.length) } },
      previewEvery: 'auto',
      seed,
      signal: stop.signal,
    })
    const giveUp = (error: unknown) => stop.abort(error)
    let total = 0
    let last: GpuTensor | CpuTensor | undefined
    for await (const { step, sample, preview, stepMilliseconds } of items) {
      last = sample
      total += stepMilliseconds
      onEvent({ kind: 'step', step, milliseconds: stepMilliseconds })
      // Neither copy is waited for: the next step is enqueued while they travel.
      sample.read().then((tokens) => onEvent({ kind: 'masked', masked: maskedTokens(tokens) }), giveUp)
      preview?.then((image) => onEvent({ kind: 'preview', step, bytes: toStraightBytes(image.data) }), giveUp)
    }
    const { data } = await decoder(last!)
    last!.destroy()
    return { bytes: toStraightBytes(data), stepMilliseconds: total / steps }
  }
}

function maskedTokens(tokens: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(tokens, (token) => Number(token === MASK_CLASS))
}

expose(new Studio())
