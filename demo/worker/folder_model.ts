import {
  type Backend,
  ClipTokenizer,
  type DownloadProgress,
  type ImageFormat,
  type OnnxEncoder,
  type OnnxRuntime,
  type PipelineParts,
  VQDiffusionPipeline,
} from 'vq-diffusion-webgpu/onnx'
import type { Model } from '../model/model'
import { type Engine, engineOf } from './engine'
import { type Networks, toBatch } from './networks'
import type { OpenModel } from './open_model'
import type { ModelFolder } from './protocol'

interface FolderDependencies {
  backend: Backend
  ort: OnnxRuntime
  onProgress(progress: DownloadProgress): void
}

/** A model of a folder. Every engine opens it anew: what was downloaded is stored. */
export class FolderModel implements OpenModel {
  #pipeline: VQDiffusionPipeline | undefined
  #model: Model | undefined
  #encoder: Promise<OnnxEncoder> | undefined

  constructor(
    private readonly folder: ModelFolder,
    readonly hash: string,
    private readonly dependencies: FolderDependencies,
  ) {}

  /** Known when the first engine is open. */
  get model(): Model {
    return this.#model!
  }

  get imageFormat(): ImageFormat {
    return this.#pipeline!.parts.imageFormat ?? {}
  }

  async openEngine(device: GPUDevice | undefined): Promise<Engine> {
    const { backend, ort, onProgress } = this.dependencies
    const { engine, network } = backend
    this.#pipeline?.destroy()
    this.#encoder = undefined
    const pipeline = await VQDiffusionPipeline.fromPretrained(this.folder.files, {
      ort,
      engine,
      network,
      onProgress,
      ...(device && { device }),
    })
    this.#pipeline = pipeline
    this.#model ??= await describe(this.folder.name, pipeline.parts)
    const networks = networksOf(pipeline, network === 'webgpu' ? device : undefined)
    return engineOf(pipeline.scheduler, engine === 'webgpu' ? device : undefined, networks)
  }

  encoder(): Promise<OnnxEncoder> {
    const { loadEncoder } = this.#pipeline!.parts
    if (!loadEncoder) throw new Error('This model cannot start from pictures: its folder has no encoder.')
    this.#encoder ??= loadEncoder()
    // After a failure the next call loads it again.
    this.#encoder.catch(() => {
      this.#encoder = undefined
    })
    return this.#encoder
  }

  remark(prompt: string): string {
    const tokenizer = this.#pipeline?.tokenizer
    const ignored = tokenizer?.encode(prompt, {}).ignored ?? []
    if (ignored.length === 0) return ''
    const words = [...ignored.slice(0, MOST_WORDS), ...(ignored.length > MOST_WORDS ? ['…'] : [])].join(' ')
    // CLIP's tokenizer knows every word.
    return tokenizer instanceof ClipTokenizer ? `Too long, left out: ${words}` : `ignored: ${words}`
  }
}

function networksOf(pipeline: VQDiffusionPipeline, device: GPUDevice | undefined): Networks {
  const { denoiser, latentShape, layout, imageFormat = {} } = pipeline.parts
  const [height, width] = latentShape
  /** The last run that was asked for. */
  let last: Promise<unknown> = Promise.resolve()
  const queued =
    <Values extends unknown[], Result>(run: (...values: Values) => Result | Promise<Result>) =>
    async (...values: Values) => {
      const result = Promise.resolve(run(...values))
      last = result.catch(() => {})
      return result
    }
  return {
    denoiser: queued(denoiser as Networks['denoiser']),
    decoder: queued(requireDecoder(pipeline.parts)),
    device,
    numLatentPixels: height * width,
    layout,
    imageFormat,
    conditioning: async ({ words, classLabel }) =>
      classLabel === undefined
        ? pipeline.conditioning(words?.prompt ?? '', { negativePrompt: words?.negative ?? '' })
        : pipeline.conditioning('', { classLabel }),
    startTime: () => last.then(() => performance.now()),
  }
}

/** A model without one, as of layouts, has nothing that this page could show. */
function requireDecoder({ decoder }: PipelineParts): NonNullable<PipelineParts['decoder']> {
  if (!decoder)
    throw new Error('This page shows pictures, and the tokens of this model are none: its folder has no decoder.')
  return decoder
}

/** Words that a remark names. */
const MOST_WORDS = 6

/** Tokens of the page have 16 bits; the mask is one of them. */
const MOST_CODES = 65_535

/** What the page has to know of a model of these parts. */
export async function describe(name: string, parts: PipelineParts): Promise<Model> {
  const { scheduler, latentShape, imageShape, imageFormat, tokenizer, classes, loadEncoder, defaults = {} } = parts
  const [height, width] = latentShape
  const { num_train_timesteps: T } = scheduler.config
  requireDecoder(parts)
  if (scheduler.maskClass > MOST_CODES)
    throw new Error(`This page draws with up to ${MOST_CODES} codes, and the model has ${scheduler.maskClass}.`)
  const isGuidable = classes ? classes.unconditional !== undefined : tokenizer !== undefined
  const [guidedFrom, guidedTo] = defaults.guidanceInterval ?? [0, T - 1]
  // Defaults of a folder beyond what the page allows are brought into its ranges when the form is filled.
  return {
    name,
    isStickers: false,
    grid: { height, width, numCodes: scheduler.maskClass },
    picture: await pictureSize(parts, imageShape),
    hasAlpha: imageFormat?.alpha !== undefined,
    condition: classes ? 'class' : tokenizer ? 'text' : 'none',
    ...(classes && { numClasses: classes.count }),
    isGuidable,
    hasEncoder: loadEncoder !== undefined,
    scheduler: scheduler.config,
    defaults: {
      steps: Math.min(defaults.numInferenceSteps ?? T, T),
      guidance: isGuidable ? (defaults.guidanceScale ?? 5) : 1,
      guidedFrom,
      guidedTo,
      truncation: defaults.truncationRate ?? 1,
      method: 'posterior',
      spacing: 'exact',
    },
  }
}

/** A folder need not tell the size of its pictures; then one is decoded. */
async function pictureSize(parts: PipelineParts, shape: PipelineParts['imageShape']) {
  if (shape) return { height: shape[0], width: shape[1] }
  const [rows, columns] = parts.latentShape
  const tokens = toBatch([new Uint16Array(rows * columns)])
  const [, , height, width] = (await requireDecoder(parts)(tokens as never)).shape as [number, number, number, number]
  return { height, width }
}
