import { expose, type ProxyMethods, releaseProxy, transfer } from 'comlink'
import { DeviceLostError } from 'vq-diffusion-webgpu'
import { VQDiffusionScheduler } from 'vq-diffusion-webgpu/cpu'
import {
  chooseBackend,
  createOnnxDecoder,
  createOnnxSession,
  type DownloadProgress,
  fromImageData,
  type MemoryStoreLike,
  type OnnxDecoder,
  type OnnxRuntime,
  PartStore,
  requestBackend,
  toImageData,
} from 'vq-diffusion-webgpu/onnx'
import { decoderFile, modelHash, runtimeFile } from './assets'
import { loadTogether } from './downloads'
import { draw } from './drawing'
import { type Engine, timestepOptions } from './engine'
import { EngineFactory } from './engine_factory'
import { EngineProvider } from './engine_provider'
import { deviceLostAtOnceMessage, stopReason, withUserMessages } from './error_messages'
import { fitPicture } from './fit_picture'
import { gifImages } from './gif_images'
import { toBatch } from './networks'
import type { OpenModel } from './open_model'
import { type OpenedFiles, type OpeningContext, openStickers } from './opening'
import { enlarge, toBitmaps } from './pixels'
import type {
  Backend,
  BackendChoice,
  DrawingEvent,
  DrawingOptions,
  DrawingResult,
  EncodedPicture,
  EngineFacts,
  Expectation,
  ModelFolder,
  OpenedModel,
  PartsProgress,
  SamplerSettings,
  Size,
  StudioWorker,
  Tokens,
} from './protocol'
import { startRuntime, threadsFor } from './runtime'
import { stickerFormat } from './sticker_networks'
import { servedAddress } from './stored_runtime'
import { warmUp } from './warm_up'

/** State of the open studio. */
interface OpenStudio {
  backend: Backend
  opened: OpenModel
  /** For the schedule's expectation, which needs no device. */
  scheduler: VQDiffusionScheduler
  ort: OnnxRuntime
  factory: EngineFactory
  engines: EngineProvider
}

/** What a worker is opened with. */
interface Opening {
  choice: BackendChoice
  /** URL of the sticker model's folder, with a trailing slash; the key of the runtime begins with it too. */
  modelRoot: string
  /** Another model; undefined opens the stickers. */
  folder?: ModelFolder
  /** Threads that a network on WebAssembly may have. */
  maxThreads?: number
  /** Whether a service worker serves this page. */
  isServed?: boolean
}

/** The worker: scheduler, networks and images, on a thread of their own. */
export class Studio implements StudioWorker {
  #openStudio: OpenStudio | undefined
  /** Decodes instead of an engine; see `openDecoder`. */
  #decoder: OnnxDecoder | undefined
  /** Stops what runs only to make the first drawing faster. */
  readonly #warmUp = new AbortController()
  /** One per drawing that is running or queued. */
  readonly #stopControllers = new Set<AbortController>()
  #gifController = new AbortController()
  /** Settles when the last queued drawing ends. Drawings run one after another. */
  #lastDrawing: Promise<unknown> = Promise.resolve()

  /**
   * Downloads the model and prepares it.
   *
   * @param memory stores parts of files if the browser refuses storage
   * @param onGpuError called with a sentence if the GPU fails later, during a drawing or not
   * @throws ThreadsError if they do not start, and another worker has to be opened with one thread
   */
  open(
    { choice, modelRoot, folder, maxThreads = Number.POSITIVE_INFINITY, isServed = false }: Opening,
    memory: MemoryStoreLike,
    onProgress: (progress: PartsProgress) => void,
    onGpuError: (sentence: string) => void,
  ): Promise<OpenedModel> {
    const store = new PartStore({ memory })
    const openOn = async ({ backend, device }: { backend: Backend; device: GPUDevice | undefined }) => {
      const runtime = runtimeFile(backend.network, modelRoot)
      const address = isServed ? await servedAddress(runtime, store) : undefined
      const context: OpeningContext = {
        backend,
        device,
        modelRoot,
        store,
        onProgress,
        runtimeFiles: address === undefined ? [runtime] : [],
        startRuntime(loading) {
          const binary = loading.then(([content]) => content ?? address!)
          return startRuntime(backend.network, binary, Math.min(maxThreads, threadsFor(backend.network)))
        },
      }
      const { opened, ort } = await openFiles(folder, context)
      const factory = new EngineFactory({ backend, device, onGpuError }, (device) => opened.openEngine(device))
      const engines = new EngineProvider(() => factory.createEngine())
      const engine = await engines.current()
      if (opened.model.isStickers) await this.#warmUpFor(engine, backend)
      // Shaders seem to compile on a lost device too.
      const lost = await Promise.race([engine.device?.lost, undefined])
      if (lost) throw new DeviceLostError(lost.message)
      const scheduler = await VQDiffusionScheduler.fromConfig(opened.model.scheduler)
      this.#openStudio = { backend, opened, scheduler, ort, factory, engines }
      const explanation = [backend.explanation, store.refusal].filter(Boolean).join(' ')
      return { backend: { ...backend, explanation }, model: opened.model }
    }
    return withUserMessages(async () => {
      const requested = await requestBackend(choice)
      try {
        return await openOn(requested)
      } catch (error) {
        // A device that is lost as soon as this may be lost at every attempt.
        if (!(error instanceof DeviceLostError)) throw error
        const { backend } = await requestBackend({ engine: 'cpu', network: 'wasm' })
        return openOn({ backend: { ...backend, explanation: deviceLostAtOnceMessage }, device: undefined })
      }
    })
  }

  async #warmUpFor(engine: Engine, { network }: Backend): Promise<void> {
    const warming = warmUp(engine, network, this.#warmUp.signal)
    // On WebAssembly it takes a second or two, and goes on until something is drawn.
    if (network === 'webgpu') await warming
    else warming.catch(() => {})
  }

  /**
   * Downloads runtime and decoder alone, for a worker that only decodes: on WebAssembly, where the decoder is ready first.
   *
   * @returns the hash of the model, as in its facts
   */
  openDecoder(
    choice: BackendChoice,
    modelRoot: string,
    memory: MemoryStoreLike,
    onProgress: (progress: PartsProgress) => void,
  ): Promise<string> {
    return withUserMessages(async () => {
      const { network } = await chooseBackend(choice)
      const parts = { runtime: [runtimeFile(network, modelRoot)], decoder: [decoderFile(modelRoot)] }
      const loading = loadTogether(parts, { store: new PartStore({ memory }), onProgress })
      const binary = loading.runtime.then(([content]) => content!)
      const [ort, [model]] = await Promise.all([startRuntime(network, binary, 1), loading.decoder])
      this.#decoder = createOnnxDecoder({ session: await createOnnxSession(ort, model!, { provider: 'wasm' }) })
      return modelHash(modelRoot)
    })
  }

  draw(options: DrawingOptions, onEvent: (event: DrawingEvent) => void | Promise<void>): Promise<DrawingResult> {
    const { engines } = this.#open
    this.#warmUp.abort()
    const controller = new AbortController()
    const { signal } = controller
    this.#stopControllers.add(controller)
    const sendEvent = (event: DrawingEvent) => onEvent(transfer(event, transferablesOf(event)))
    const drawing = this.#lastDrawing
      .then(() => draw(options, engines.runner(signal), signal, sendEvent))
      .finally(() => {
        this.#stopControllers.delete(controller)
        releaseCallback(onEvent)
      })
    this.#lastDrawing = drawing.catch(() => {})
    // A network run cannot be interrupted, so a stopped drawing rejects before its last run ends.
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    return withUserMessages(async () => {
      const result = await Promise.race([drawing, stopped])
      return transfer(result, [...result.bitmaps, ...result.tokens.map(({ buffer }) => buffer)])
    })
  }

  stop(): void {
    for (const controller of this.#stopControllers) controller.abort(stopReason)
  }

  decode(tokens: Tokens[]): Promise<ImageBitmap[]> {
    return withUserMessages(async () => {
      const bitmaps = await toBitmaps(await this.#decode(tokens))
      return transfer(bitmaps, bitmaps)
    })
  }

  score(tokens: Tokens, text: Int32Array): Promise<number> {
    return withUserMessages(() => this.#open.engines.runner()((engine) => engine.score(tokens, text)))
  }

  encode(
    file: File,
    size: Size,
    keepsBackground: boolean,
    onProgress: (progress: DownloadProgress) => void,
  ): Promise<EncodedPicture> {
    return withUserMessages(async () => {
      const { opened } = this.#open
      const { image, hasPlainBackground } = await fitPicture(file, size, keepsBackground, opened.model)
      const encoder = await opened.encoder(onProgress)
      const channels = encoder.inputShape[1] === 3 ? 3 : 4
      const { data } = await encoder(fromImageData([image], channels, opened.imageFormat))
      const tokens = Uint16Array.from(data)
      return transfer({ tokens, hasPlainBackground }, [tokens.buffer])
    }).finally(() => releaseCallback(onProgress))
  }

  exportGif(
    frames: Tokens[],
    options: { scale: number; millisecondsPerFrame: number },
    onProgress: (share: number) => void,
  ): Promise<Blob> {
    this.#gifController = new AbortController()
    const { signal } = this.#gifController
    return withUserMessages(async () => {
      const decode = async (batch: Tokens[]) =>
        Promise.all((await this.#decode(batch)).map((image) => enlarge(image, options.scale)))
      const images = await gifImages(frames, decode, { onProgress, signal })
      const { toGif } = await import('./gif')
      return toGif(images, options.millisecondsPerFrame)
    }).finally(() => releaseCallback(onProgress))
  }

  stopGif(): void {
    this.#gifController.abort(stopReason)
  }

  expectation(settings: SamplerSettings, strength?: number): Expectation {
    const { scheduler } = this.#open
    return scheduler.expectation({ ...timestepOptions(settings), ...(strength !== undefined && { strength }) })
  }

  async facts(): Promise<EngineFacts> {
    const { backend, ort, factory, opened } = this.#open
    return { backend, threads: ort.env.wasm.numThreads ?? 1, gpuBytes: factory.gpuBytes, modelHash: opened.hash }
  }

  remark(prompt: string): string {
    return this.#open.opened.remark(prompt)
  }

  get #open(): OpenStudio {
    if (!this.#openStudio) throw new Error('The studio is not open yet.')
    return this.#openStudio
  }

  async #decode(tokens: Tokens[]): Promise<ImageData[]> {
    if (this.#decoder) return toImageData(await this.#decoder(toBatch(tokens)), stickerFormat)
    const runOnEngine = this.#open.engines.runner()
    return (await runOnEngine((engine) => engine.decode(tokens))).toImages()
  }
}

/** What other models need is loaded for them alone. */
async function openFiles(folder: ModelFolder | undefined, context: OpeningContext): Promise<OpenedFiles> {
  if (folder === undefined) return openStickers(context)
  const { openFolder } = await import('./opening_folder')
  return openFolder(folder, context)
}

function transferablesOf(event: DrawingEvent): Transferable[] {
  if (event.kind === 'preview') return event.bitmaps
  if (event.kind === 'recovered') return []
  const { tokens, predOriginalSample, entropy } = event.frame
  return [tokens, predOriginalSample, entropy].flatMap((array) => (array ? [array.buffer] : []))
}

/** Closes a callback's message channel, which otherwise stays open until it is garbage collected. */
function releaseCallback(callback: object): void {
  ;(callback as Partial<ProxyMethods>)[releaseProxy]?.()
}

expose(new Studio())
