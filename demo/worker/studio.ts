import { expose, type ProxyMethods, releaseProxy, transfer } from 'comlink'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import type { OnnxEncoder, OnnxRuntime } from 'vq-diffusion-webgpu/onnx'
import type { BackendChoice } from '../picture/settings'
import type { DownloadProgress } from '../store/download'
import { obtain } from '../store/load'
import type { AnyShelf } from '../store/memory_store'
import { PartStore } from '../store/part_store'
import { encoderFile, modelFiles, runtimeFile } from './assets'
import { type Backend, chooseBackend, type Hardware } from './backend'
import { draw } from './drawing'
import { createEncoder, Workshop } from './engine_factory'
import { Engines } from './engine_provider'
import { explained, stopped } from './error_messages'
import { expectation } from './expectation'
import { enlarge, toBitmaps, toImages, toPlanes } from './pixels'
import {
  type Drawing,
  type DrawingEvent,
  type Drawn,
  type EngineFacts,
  type Expectation,
  PICTURE_PIXELS,
  type SamplerSettings,
  type StudioWorker,
  type Tokens,
} from './protocol'
import { loadRuntime } from './runtime'
import { warmUp } from './warm_up'

type Bytes = Uint8Array<ArrayBuffer>

/** A film's frames are decoded so many at a time, to leave room for others' work in between. */
const FRAMES_AT_A_TIME = 4

/** What is there once the studio is open. */
interface Interior {
  hardware: Hardware
  schedule: VQDiffusionScheduler
  ort: OnnxRuntime
  workshop: Workshop
  engines: Engines
  modelHash: string
  obtainEncoder(): Promise<Bytes>
}

/** Everything heavy: scheduler, networks and pictures, on a thread of their own. */
export class Studio implements StudioWorker {
  #interior: Interior | undefined
  #encoder: Promise<OnnxEncoder> | undefined
  /** Of the drawings under way. */
  readonly #stops = new Set<AbortController>()
  /** Settles when the last drawing has ended: they take turns. */
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Downloads the model and makes it ready to draw.
   *
   * @param modelRoot absolute address of the model's folder, with a slash at its end
   * @param shelf where parts of files are kept when nothing can be stored
   * @param onFailure called with a sentence when the GPU fails later, whether or not something is being drawn
   */
  open(
    choice: BackendChoice,
    modelRoot: string,
    shelf: AnyShelf,
    onProgress: DownloadProgress,
    onFailure: (sentence: string) => void,
  ): Promise<Backend> {
    return explained(async () => {
      const hardware = await chooseBackend(choice)
      const { backend } = hardware
      const schedule = await VQDiffusionScheduler.fromPretrained(modelRoot)
      const store = new PartStore(shelf)
      const files = modelFiles(modelRoot)
      const { contents, refusal } = await obtain([runtimeFile(backend.network, modelRoot), ...files], onProgress, store)
      const [binary, denoiser, decoder] = contents as [Bytes, Bytes, Bytes]
      const ort = await loadRuntime(backend.network, binary)
      const workshop = new Workshop({ hardware, ort, schedule, onFailure }, { denoiser, decoder })
      const engines = new Engines(() => workshop.createEngine())
      await warmUp(await engines.current(), backend.network)
      const obtainEncoder = async () => (await obtain([encoderFile(modelRoot)], () => {}, store)).contents[0]!
      this.#interior = { hardware, schedule, ort, workshop, engines, modelHash: files[0].sha256, obtainEncoder }
      return { ...backend, explanation: [backend.explanation, refusal].filter(Boolean).join(' ') }
    })
  }

  draw(drawing: Drawing, onEvent: (event: DrawingEvent) => void): Promise<Drawn> {
    const { engines } = this.#open
    const stop = new AbortController()
    const { signal } = stop
    this.#stops.add(stop)
    const tell = (event: DrawingEvent) => onEvent(transfer(event, contentsOf(event)))
    const drawn = this.#last
      .then(() => draw(drawing, engines.surviving(signal), signal, tell))
      .finally(() => {
        this.#stops.delete(stop)
        release(onEvent)
      })
    this.#last = drawn.catch(() => {})
    // The network cannot be interrupted, and takes a while for many pictures: whoever stops a drawing need not wait for it.
    const stopping = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    return explained(async () => {
      const result = await Promise.race([drawn, stopping])
      return transfer(result, [...result.bitmaps, ...result.tokens.map(({ buffer }) => buffer)])
    })
  }

  stop(): void {
    for (const stop of this.#stops) stop.abort(stopped)
  }

  decode(tokens: Tokens[]): Promise<ImageBitmap[]> {
    return explained(async () => {
      const bitmaps = await toBitmaps(await this.#pixels(tokens))
      return transfer(bitmaps, bitmaps)
    })
  }

  encode(picture: ImageBitmap): Promise<Tokens> {
    return explained(async () => {
      const { ort, obtainEncoder } = this.#open
      this.#encoder ??= obtainEncoder().then((model) => createEncoder(ort, model))
      // One that could not be had is asked for again at the next picture.
      this.#encoder.catch(() => {
        this.#encoder = undefined
      })
      const encoder = await this.#encoder
      const { data } = await encoder({ data: toPlanes(picture), shape: [1, 4, PICTURE_PIXELS, PICTURE_PIXELS] })
      picture.close()
      const tokens = Uint16Array.from(data)
      return transfer(tokens, [tokens.buffer])
    })
  }

  exportGif(frames: Tokens[], options: { scale: number; millisecondsPerFrame: number }): Promise<Blob> {
    return explained(async () => {
      const images: ImageData[] = []
      for (let at = 0; at < frames.length; at += FRAMES_AT_A_TIME) {
        const pixels = await this.#pixels(frames.slice(at, at + FRAMES_AT_A_TIME))
        images.push(...(await Promise.all(toImages(pixels).map((image) => enlarge(image, options.scale)))))
      }
      const { toGif } = await import('./gif')
      return toGif(images, options.millisecondsPerFrame)
    })
  }

  expectation(settings: SamplerSettings, strength?: number): Expectation {
    return expectation(this.#open.schedule, settings, strength)
  }

  async facts(): Promise<EngineFacts> {
    const { hardware, workshop, modelHash } = this.#open
    return { ...hardware, gpuBytes: workshop.gpuBytes, modelHash }
  }

  get #open(): Interior {
    if (!this.#interior) throw new Error('The studio is not open yet.')
    return this.#interior
  }

  async #pixels(tokens: Tokens[]): Promise<Float32Array> {
    const survive = this.#open.engines.surviving()
    return (await survive((engine) => engine.decode(tokens))).pixels
  }
}

/** What of an event changes hands instead of being copied. */
function contentsOf(event: DrawingEvent): Transferable[] {
  if (event.kind === 'preview') return event.bitmaps
  if (event.kind === 'recovered') return []
  const { tokens, predOriginalSample, entropy } = event.frame
  return [tokens, predOriginalSample, entropy].flatMap((array) => (array ? [array.buffer] : []))
}

/** Frees the channel of a callback, which would otherwise stay until it is collected. */
function release(callback: object): void {
  ;(callback as Partial<ProxyMethods>)[releaseProxy]?.()
}

expose(new Studio())
