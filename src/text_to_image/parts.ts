import { requireFields, requireFunction, requireInteger, requireMethod, requireNames, requireString } from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { OnnxConditioning } from '../onnx/conditioning'
import type { OnnxImage } from '../onnx/decoder'
import type { OnnxEncoder } from '../onnx/encoder'
import { type ImageFormat, requireImageFormat } from '../onnx/images'
import { floatsOf, type HostFloats } from '../onnx/shapes'
import type { TextEmbeddings } from '../onnx/text_embeddings'
import type { Names } from '../option_names'
import type { Layout } from '../options'
import type { Denoiser } from '../pipeline/options'
import type { TensorOf } from '../samplers/sampler'
import type { VQDiffusionScheduler as CpuScheduler } from '../schedulers/cpu'
import type { VQDiffusionScheduler as GpuScheduler } from '../schedulers/gpu'
import { valueText } from '../value_text'
import type { PipelineDefaults } from './options'
import type { Tokenizer } from './request'

/** A scheduler of either engine. */
export type Scheduler = GpuScheduler | CpuScheduler

/** The classes of a class-conditional model. */
export interface Classes {
  /** Number of classes that can be drawn. */
  readonly count: number
  /** The class of no class in particular, which guidance needs. */
  readonly unconditional?: number
}

/** The parts of a pipeline. They belong to whoever made them: the pipeline destroys none. */
export interface PipelineParts<S extends Scheduler = Scheduler> {
  /** The scheduler of either engine. */
  readonly scheduler: S
  /** The network: logits of noised tokens, [B or 2B, K, N] or [B or 2B, N, K]. */
  readonly denoiser: Denoiser<TensorOf<S>, OnnxConditioning | undefined>
  /**
   * Images of clean tokens [B, N], f32 [B, channels, height, width]; null where the tokens are the result, as those of
   * layouts: a call then has no images.
   */
  readonly decoder: ((tokens: TensorOf<S>) => Promise<OnnxImage>) | null
  /** Height and width of the token grid; N is their product. */
  readonly latentShape: readonly [height: number, width: number]
  /** Of the logits; only needed if there are as many classes as latent pixels, since their shape tells it otherwise. */
  readonly layout?: Layout
  /** Height and width of the images in pixels; needed for masks of image pixels. */
  readonly imageShape?: readonly [height: number, width: number]
  /** How the decoder's output and the encoder's input hold colours; by default as in diffusers. */
  readonly imageFormat?: ImageFormat
  /** Loads the network from images to tokens, which is needed to start from pictures. Called once. */
  readonly loadEncoder?: () => Promise<OnnxEncoder>
  /** Needed for prompts. */
  readonly tokenizer?: Tokenizer
  /**
   * Hidden states of a prompt's tokens, int32 [L] → f32 [1, L, H], not normalised: of `createOnnxTextEncoder`, for denoisers
   * that take states instead of tokens. Called once for each prompt, of which the latest are kept.
   */
  readonly textEncoder?: (ids: Int32Array) => Promise<HostFloats>
  /** The learned states of no text, f32 [L, H], taken as they are. By default those of an empty prompt, normalised. */
  readonly unconditionalText?: TextEmbeddings
  /** The denoiser's input for the prompts, 'text' for tokens and 'encoder_hidden_states' for states by default. */
  readonly textInput?: string
  /** For denoisers with the input 'class', int32 [B]. */
  readonly classes?: Classes
  /** What calls use where they say nothing else. */
  readonly defaults?: PipelineDefaults
}

const partNames = {
  scheduler: true,
  denoiser: true,
  decoder: true,
  latentShape: true,
  layout: true,
  imageShape: true,
  imageFormat: true,
  loadEncoder: true,
  tokenizer: true,
  textEncoder: true,
  unconditionalText: true,
  textInput: true,
  classes: true,
  defaults: true,
} satisfies Names<PipelineParts>

/** Throws OptionError, DtypeError or ShapeError unless the parts are complete, and those that the sampling loop does not check are valid. */
export function requireParts(parts: PipelineParts): void {
  for (const name of ['scheduler', 'denoiser', 'decoder', 'latentShape'] as const)
    if (parts?.[name] === undefined)
      throw new OptionError(`VQDiffusionPipeline needs the part ${name}; fromPretrained makes all parts of a model.`)
  requireNames('VQDiffusionPipeline', parts, partNames)
  const { latentShape, imageShape, imageFormat, loadEncoder, tokenizer, textInput, defaults } = parts
  const { textEncoder, unconditionalText, classes } = parts
  requireSize('latentShape', latentShape)
  if (imageShape !== undefined) requireSize('imageShape', imageShape)
  if (imageFormat !== undefined) requireImageFormat(imageFormat)
  if (loadEncoder !== undefined) requireFunction('loadEncoder', loadEncoder)
  if (tokenizer !== undefined) requireMethod('tokenizer', tokenizer, 'encode', 'a tokenizer, such as a WordTokenizer')
  if (textEncoder !== undefined) {
    requireFunction('textEncoder', textEncoder, 'a function, such as createOnnxTextEncoder() returns')
    if (tokenizer === undefined) throw new OptionError('A textEncoder needs a tokenizer; given none.')
  }
  if (unconditionalText !== undefined) {
    if (textEncoder === undefined) throw new OptionError('unconditionalText needs a textEncoder; given none.')
    floatsOf('unconditionalText', unconditionalText)
  }
  if (classes !== undefined) requireClasses(classes, tokenizer)
  if (textInput !== undefined) requireString('textInput', textInput)
  if (defaults !== undefined)
    requireFields('defaults', defaults, {
      numInferenceSteps: true,
      guidanceScale: true,
      guidanceInterval: true,
      truncationRate: true,
    })
}

function requireClasses(classes: Classes, tokenizer: Tokenizer | undefined): void {
  requireFields('classes', classes, { count: true, unconditional: true })
  requireInteger('classes.count', classes.count, 1)
  if (classes.unconditional !== undefined) requireInteger('classes.unconditional', classes.unconditional, 0)
  if (tokenizer !== undefined) throw new OptionError('A pipeline has a tokenizer or classes; given both.')
}

/** Throws OptionError or ShapeError unless `loadEncoder` gave an encoder of pictures of one size. */
export function requireEncoder(encoder: OnnxEncoder): OnnxEncoder {
  requireFunction('The result of loadEncoder', encoder, 'an encoder, such as createOnnxEncoder() returns')
  const shape = encoder.inputShape
  if (!Array.isArray(shape) || shape.length !== 4 || shape.slice(2).some((size) => !Number.isInteger(size) || size < 1))
    throw new ShapeError(
      `The encoder's input needs the shape [batch, channels, height, width], height and width fixed; given ${valueText(shape)}.`,
    )
  return encoder
}

function requireSize(name: string, size: readonly [height: number, width: number]): void {
  if (!Array.isArray(size) || size.length !== 2)
    throw new OptionError(`${name} needs to be [height, width]; given ${valueText(size)}.`)
  for (const length of size) requireInteger(name, length, 1)
}
