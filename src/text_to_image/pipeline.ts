import { requireFields, requireFunction, requireOptions, requireSignal } from '../checks'
import { makeDisposable } from '../dispose'
import { DestroyedError, OptionError } from '../errors'
import type { OnnxConditioning } from '../onnx/conditioning'
import type { OnnxImage } from '../onnx/decoder'
import type { OnnxEncoder } from '../onnx/encoder'
import { fromImageData, type ImageFormat, toImageData } from '../onnx/images'
import { VQDiffusionPipeline as SamplingLoop } from '../pipeline/pipeline'
import { requirePreviewEvery } from '../pipeline/preview'
import type { TensorOf } from '../samplers/sampler'
import type { Backend } from './backend'
import { Callable } from './callable'
import { conditionOf } from './condition'
import { loadModel, type PretrainedPipelineOptions } from './load'
import type { ModelSource } from './model_folder'
import type {
  ImageOutputs,
  PictureOptions,
  PipelineDefaults,
  PipelineOptions,
  PipelineOutput,
  PipelineStep,
  StartImage,
} from './options'
import { type PipelineParts, requireEncoder, requireParts, type Scheduler } from './parts'
import { fitPicture, isNumbers, latentMask, requirePicture, takePicture } from './pictures'
import {
  batchOf,
  chainOptions,
  conditionNames,
  pipelineNames,
  requireImageOutput,
  requireImageTokens,
  startImages,
  type Tokenizer,
} from './request'
import { TextStates } from './text_states'

/** A call of the pipeline: `pipe(prompt, options)`. */
export type PipelineCall = <Output extends keyof ImageOutputs = 'ImageData'>(
  prompt: string | readonly string[],
  options?: PipelineOptions<Output>,
) => Promise<PipelineOutput<ImageOutputs[Output]>>

/**
 * From prompts to images, the twin of diffusers' VQDiffusionPipeline: `const { images } = await pipe('red heart')`.
 *
 * The loop over token grids alone, for networks that take no prompt, is the VQDiffusionPipeline of
 * 'vq-diffusion-webgpu'.
 */
export class VQDiffusionPipeline<S extends Scheduler = Scheduler> extends Callable<PipelineCall> {
  readonly #parts: PipelineParts<S>
  /** Of the text encoder, if there is one. */
  readonly #states: TextStates | undefined
  readonly #loop: SamplingLoop<S, OnnxConditioning | undefined, OnnxImage, TensorOf<S>>
  #encoder: Promise<OnnxEncoder> | undefined
  #backend: Backend | undefined
  #device: GPUDevice | undefined
  /** Frees what `fromPretrained` made. */
  #release: (() => Promise<void>) | undefined
  #destroyed = false

  /**
   * A pipeline of parts that you made; `fromPretrained` makes them from a model folder. Throws OptionError, DtypeError,
   * ShapeError.
   */
  constructor(parts: PipelineParts<S>) {
    super()
    makeDisposable(this)
    requireParts(parts)
    this.#parts = parts
    const { scheduler, denoiser, decoder, layout, textEncoder } = parts
    this.#states = textEncoder && new TextStates(textEncoder)
    this.#loop = new SamplingLoop({
      scheduler,
      denoiser,
      ...(decoder !== null && { decoder }),
      ...(layout !== undefined && { layout }),
    })
  }

  /**
   * Opens a model folder: downloads and verifies its files, stores them for the next visit, and creates scheduler and
   * networks.
   *
   * Rejects with OptionError, FetchError, ConfigError, OnnxRuntimeError or ShaderError, or with the signal's reason.
   * Nothing stays allocated then; bytes that arrived stay stored.
   *
   * @param model the URL of a model folder, or the files of one that the user opened
   */
  static async fromPretrained(model: ModelSource, options: PretrainedPipelineOptions): Promise<VQDiffusionPipeline> {
    const { parts, backend, device, release } = await loadModel(model, options)
    const pipeline = new VQDiffusionPipeline(parts)
    pipeline.#backend = backend
    pipeline.#device = device
    pipeline.#release = release
    return pipeline
  }

  /** Where scheduler and networks run, and why; undefined for a pipeline of your own parts. */
  get backend(): Backend | undefined {
    return this.#backend
  }

  /** The device of scheduler or networks; undefined without one, and for a pipeline of your own parts. */
  get device(): GPUDevice | undefined {
    return this.#device
  }

  /** The scheduler that draws the steps. */
  get scheduler(): S {
    return this.#parts.scheduler
  }

  /** The tokenizer of prompts; undefined if the model takes none. */
  get tokenizer(): Tokenizer | undefined {
    return this.#parts.tokenizer
  }

  /** The model's defaults, of those that it has. */
  get defaults(): PipelineDefaults {
    return this.#parts.defaults ?? {}
  }

  /** The parts, for a sampling loop of your own. They stay this pipeline's: it destroys what `fromPretrained` made. */
  get parts(): PipelineParts<S> {
    return this.#parts
  }

  /**
   * What the denoiser is conditioned on for a batch of these prompts, or of one class or a list, for a sampling loop of your
   * own: an item for each, with and without the condition. Undefined for a network that takes none.
   *
   * Rejects with OptionError, ShapeError or DestroyedError, or as the text encoder does.
   */
  async conditioning(
    prompt: string | readonly string[],
    options: Pick<PictureOptions, 'negativePrompt' | 'style' | 'classLabel'> = {},
  ): Promise<OnnxConditioning | undefined> {
    this.#requireAlive()
    const given = requireOptions('conditioning', options, conditionNames)
    const condition = conditionOf(prompt, given, { ...this.#parts, states: this.#states })
    return condition.inputs(condition.count, condition.guidable)
  }

  /**
   * Draws images: `pipe(prompt, options)` is short for this.
   *
   * Rejects before any work with OptionError, ShapeError, DtypeError, TokenRangeError or DestroyedError; later with
   * ModelOutputError, OnnxRuntimeError or DeviceLostError, or with the signal's reason.
   */
  async generate<Output extends keyof ImageOutputs = 'ImageData'>(
    prompt: string | readonly string[],
    options: PipelineOptions<Output> = {},
  ): Promise<PipelineOutput<ImageOutputs[Output]>> {
    let last: PipelineStep<ImageOutputs[Output]>
    const given = requireOptions('a call of the pipeline', options, pipelineNames)
    for await (const step of this.stream<Output>(prompt, { previewEvery: 0, ...given })) last = step
    const { images, tokens, seed, ignored } = last! as Required<PipelineStep<ImageOutputs[Output]>>
    return { images, tokens, seed, ignored }
  }

  /**
   * Draws images like a call, one iteration a step. A step with a preview, and the last one, have `images`; the last one
   * has also `tokens`, `seed` and `ignored`. Throws as a call rejects.
   */
  async *stream<Output extends keyof ImageOutputs = 'ImageData'>(
    prompt: string | readonly string[],
    options: PipelineOptions<Output> = {},
  ): AsyncGenerator<PipelineStep<ImageOutputs[Output]>, void, void> {
    this.#requireAlive()
    const { scheduler, decoder, latentShape, imageFormat } = this.#parts
    options = requireOptions('a call of the pipeline', options, pipelineNames)
    const { strength = 0.6, known, previewEvery, onStep, signal } = options
    const output = requireImageOutput(options.output === undefined ? 'ImageData' : options.output)
    if (known !== undefined) requireFields('known', known, { image: true, mask: true })
    if (previewEvery !== undefined) requirePreviewEvery(previewEvery)
    if (onStep !== undefined) requireFunction('onStep', onStep)
    requireSignal(signal)
    const batch = batchOf(prompt, options, { ...this.#parts, states: this.#states })
    const { condition } = batch
    const chain = chainOptions(options, condition, this.defaults, scheduler.config.num_train_timesteps)
    const images = startImages(options, batch.size)
    const { guidanceScale, guidanceInterval, truncationRate, priorWeight, tokensPerCall, ...visited } = chain
    const { timesteps } = scheduler.expectation({ ...visited, ...(images && { strength }) })
    const total = timesteps.length
    const toOutput = (decoded: OnnxImage) =>
      outputImages(decoded, imageFormat, output) as Promise<ImageOutputs[Output][]>
    const result = async (tokens: TensorOf<S>) => (decoder ? toOutput(await decoder(tokens)) : [])
    const uploads: TensorOf<S>[] = []
    const upload = (items: readonly ArrayLike<number>[]) => {
      uploads.push(this.#upload(items, batch.size))
      return uploads.at(-1)!
    }
    let sample: TensorOf<S> | undefined
    try {
      // All are copied before the first wait: they stay the caller's, who may change them.
      const [conditioning, startTokens, knownTokens, mask] = await Promise.all([
        condition.inputs(batch.size, guidanceScale !== 1),
        images && Promise.all(images.map((image) => this.#tokensOf('image', image))),
        known && this.#tokensOf('known.image', known.image),
        known && latentMask(known.mask, latentShape, this.#imageShape()),
      ])
      const start = startTokens && upload(startTokens)
      const keep = knownTokens && mask && { tokens: upload([knownTokens]), mask: upload([mask]) }
      const steps = this.#loop.sample({
        ...chain,
        batchSize: batch.size,
        numLatentPixels: latentShape[0] * latentShape[1],
        conditioning,
        seed: batch.seeds,
        ...(start && { image: { tokens: start, strength } }),
        ...(keep && { known: keep }),
        ...(previewEvery !== undefined && { previewEvery }),
        ...(signal && { signal }),
      })
      for await (const { step, timestep, sample: current, preview, stepMilliseconds } of steps) {
        const last = step >= total - 1
        if (last) sample = current
        const images = last ? await result(current) : preview && (await toOutput(await preview))
        signal?.throwIfAborted()
        const progress: PipelineStep<ImageOutputs[Output]> = {
          step: Math.min(step + 1, total),
          total,
          timestep,
          stepMilliseconds,
          ...(images && { images }),
          ...(last && {
            tokens: split(await current.read(), batch.size),
            seed: batch.seed,
            ignored: condition.ignored,
          }),
        }
        await onStep?.(progress)
        yield progress
      }
    } finally {
      for (const tensor of [...uploads, sample]) tensor?.destroy()
    }
  }

  /**
   * Frees what `fromPretrained` made: the scheduler, the networks and, unless you gave it, the device. Parts that you
   * made stay. A call in progress fails. Idempotent.
   */
  destroy(): void {
    this.#destroyed = true
    const release = this.#release
    this.#release = undefined
    void release?.()
  }

  /** `destroy`, for `using` declarations. */
  [Symbol.dispose](): void {
    this.destroy()
  }

  #requireAlive(): void {
    if (this.#destroyed) throw new DestroyedError('The pipeline was destroyed.')
  }

  /** A batch of token grids on the scheduler's engine, [B, N]: one grid for all items, or one for each. */
  #upload(items: readonly ArrayLike<number>[], batchSize: number): TensorOf<S> {
    const numPixels = items[0]!.length
    const tokens = new Uint32Array(batchSize * numPixels)
    for (let item = 0; item < batchSize; item++) tokens.set(items[item % items.length]!, item * numPixels)
    return this.#parts.scheduler.uploadTokens(tokens, [batchSize, numPixels]) as TensorOf<S>
  }

  /** The clean tokens of an image. */
  async #tokensOf(name: string, image: StartImage): Promise<ArrayLike<number>> {
    const { scheduler, latentShape, imageFormat } = this.#parts
    const numPixels = latentShape[0] * latentShape[1]
    if (isNumbers(image)) return requireImageTokens(name, image, numPixels, scheduler.maskClass)
    requirePicture(name, image)
    const [encoder, picture] = await Promise.all([this.#loadEncoder(name), takePicture(name, image)])
    const [, channels, height, width] = encoder.inputShape as readonly [unknown, 3 | 4, number, number]
    const fitted = await fitPicture(name, picture, [height, width])
    return (await encoder(fromImageData([fitted], channels, imageFormat))).data
  }

  #loadEncoder(name: string): Promise<OnnxEncoder> {
    const { loadEncoder } = this.#parts
    if (!loadEncoder)
      throw new OptionError(`${name} needs to be tokens: this model has no encoder from pictures to tokens.`)
    const load = async () => requireEncoder(await loadEncoder())
    this.#encoder ??= load().catch((error) => {
      // The next call loads it again.
      this.#encoder = undefined
      throw error
    })
    return this.#encoder
  }

  #imageShape(): readonly [height: number, width: number] {
    return this.#parts.imageShape ?? this.#parts.latentShape
  }
}

async function outputImages(
  decoded: OnnxImage,
  format: ImageFormat | undefined,
  output: keyof ImageOutputs,
): Promise<ImageData[] | ImageBitmap[]> {
  const images = toImageData(decoded, format)
  return output === 'ImageData' ? images : Promise.all(images.map((image) => createImageBitmap(image)))
}

/** The tokens of a batch, [B · N], as one array for each item. */
function split(tokens: ArrayLike<number>, batchSize: number): Uint32Array[] {
  const all = Uint32Array.from(tokens)
  const numPixels = all.length / batchSize
  return Array.from({ length: batchSize }, (_, item) => all.slice(item * numPixels, (item + 1) * numPixels))
}
