import { requireInteger, requireOneOf, requireTokens } from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { OnnxConditioning } from '../onnx/conditioning'
import type { Names } from '../option_names'
import { RandomGenerator } from '../random'
import { arrayClass } from '../typed_arrays'
import { valueText } from '../value_text'
import type { ImageOutputs, PictureOptions, PipelineDefaults, PipelineOptions, StartImage } from './options'
import { isNumbers } from './pictures'
import type { EncodedPrompt } from './word_tokenizer'

/** Turns a prompt into the tokens of the denoiser's text input. */
export interface Tokenizer {
  /** Throws OptionError for an unknown style. */
  encode(prompt: string, options: { readonly style?: string | undefined }): EncodedPrompt
}

/** Names of the options of a call. */
export const pipelineNames = {
  numImagesPerPrompt: true,
  negativePrompt: true,
  style: true,
  numInferenceSteps: true,
  timesteps: true,
  spacing: true,
  guidanceScale: true,
  guidanceInterval: true,
  truncationRate: true,
  method: true,
  priorWeight: true,
  seed: true,
  image: true,
  strength: true,
  known: true,
  previewEvery: true,
  signal: true,
  output: true,
  onStep: true,
} satisfies Names<PipelineOptions>

/** The checked batch of a call. */
export interface Batch {
  readonly size: number
  readonly seed: number | bigint | readonly (number | bigint)[]
  /** One for each image. */
  readonly seeds: readonly (number | bigint)[]
  readonly conditioning: OnnxConditioning | undefined
  readonly ignored: readonly (readonly string[])[]
}

/** Checks prompts and seeds, and encodes the prompts. Throws OptionError. */
export function batchOf(
  prompt: string | readonly string[],
  options: PictureOptions,
  tokenizer: Tokenizer | undefined,
  textInput: string,
): Batch {
  const { numImagesPerPrompt = 1, style, seed = randomSeed() } = options
  const prompts = requirePrompts('prompt', prompt)
  const negative = requirePrompts('negativePrompt', options.negativePrompt === undefined ? '' : options.negativePrompt)
  if (negative.length !== 1 && negative.length !== prompts.length)
    throw new OptionError(
      `negativePrompt needs one prompt, or one for each of the ${prompts.length}; given ${negative.length}.`,
    )
  requireInteger('numImagesPerPrompt', numImagesPerPrompt, 1)
  const size = prompts.length * numImagesPerPrompt
  const seeds = seedsOf(seed, size)
  if (!tokenizer) {
    if ([...prompts, ...negative].some(Boolean) || style !== undefined)
      throw new OptionError('This pipeline has no tokenizer: it needs an empty prompt, without a style.')
    return { size, seed, seeds, conditioning: undefined, ignored: prompts.map(() => []) }
  }
  const encoded = prompts.map((text) => tokenizer.encode(text, { style }))
  const unwanted = negative.map((text) => tokenizer.encode(text, {}))
  requireEqualIds([...encoded, ...unwanted])
  const perImage = (all: readonly EncodedPrompt[]) =>
    joinIds(Array.from({ length: size }, (_, image) => all[Math.floor((image * all.length) / size)]!.ids))
  return {
    size,
    seed,
    seeds,
    conditioning: {
      conditional: { [textInput]: perImage(encoded) },
      unconditional: { [textInput]: perImage(unwanted) },
    },
    ignored: encoded.map(({ ignored }) => ignored),
  }
}

/** Options of the sampling loop, with the model's defaults. */
export function chainOptions(options: PictureOptions, defaults: PipelineDefaults, T: number) {
  const { timesteps, spacing, method, priorWeight } = options
  const defaultSteps = timesteps === undefined ? Math.min(defaults.numInferenceSteps ?? 100, T) : undefined
  // Purity sampling does not support truncation, so it does not take that default.
  const defaultRate = method === 'purity' ? undefined : defaults.truncationRate
  // No ??, which would take null for an option that was left out.
  const {
    numInferenceSteps = defaultSteps,
    truncationRate = defaultRate,
    guidanceScale = defaults.guidanceScale ?? 5,
    guidanceInterval = defaults.guidanceInterval,
  } = options
  return {
    guidanceScale,
    ...(guidanceInterval !== undefined && { guidanceInterval }),
    ...(numInferenceSteps !== undefined && { numInferenceSteps }),
    ...(timesteps !== undefined && { timesteps }),
    ...(spacing !== undefined && { spacing }),
    ...(method !== undefined && { method }),
    ...(priorWeight !== undefined && { priorWeight }),
    ...(truncationRate !== undefined && { truncationRate }),
  }
}

/** The images that the batch starts from, one or one for each; undefined if it starts from noise. */
export function startImages({ image, strength }: PictureOptions, batchSize: number): readonly StartImage[] | undefined {
  if (image === undefined) {
    if (strength !== undefined)
      throw new OptionError(`strength needs an image to start from; given ${valueText(strength)} alone.`)
    return undefined
  }
  const images = isImageList(image) ? image : [image]
  if (images.length !== 1 && images.length !== batchSize)
    throw new OptionError(`image needs one image, or one for each of the ${batchSize}; given ${images.length}.`)
  return images
}

function isImageList(image: StartImage | readonly StartImage[]): image is readonly StartImage[] {
  return Array.isArray(image) && !isNumbers(image)
}

/** Throws OptionError unless this is a class of images that there is here. */
export function requireImageOutput(output: unknown): keyof ImageOutputs {
  requireOneOf('output', output, ['ImageData', 'ImageBitmap'])
  if (output === 'ImageBitmap' && typeof createImageBitmap === 'undefined')
    throw new OptionError("output needs to be 'ImageData': there is no ImageBitmap outside of browsers.")
  return output as keyof ImageOutputs
}

/** Clean tokens of one image. Throws ShapeError, TokenRangeError. */
export function requireImageTokens(name: string, tokens: ArrayLike<number>, numPixels: number, maskClass: number) {
  if (tokens.length !== numPixels)
    throw new ShapeError(`${name} needs ${numPixels} tokens, one for each latent pixel; given ${tokens.length}.`)
  return requireTokens(tokens, maskClass)
}

function requirePrompts(name: string, given: unknown): readonly string[] {
  // A copy by Array.from has no holes, which `filter` would skip.
  const prompts: readonly unknown[] = Array.isArray(given) ? Array.from(given) : [given]
  const wrong = prompts.filter((prompt) => typeof prompt !== 'string')
  if (prompts.length === 0 || wrong.length > 0)
    throw new OptionError(
      `${name} needs to be a string or a list of strings; given ${prompts.length === 0 ? 'an empty list' : valueText(wrong[0])}.`,
    )
  return prompts as readonly string[]
}

function seedsOf(seed: number | bigint | readonly (number | bigint)[], size: number): readonly (number | bigint)[] {
  const seeds: readonly (number | bigint)[] = Array.isArray(seed) ? seed : [seed]
  if (Array.isArray(seed) && seed.length !== size)
    throw new OptionError(`seed needs to be one seed, or one for each of the ${size} images; given ${seed.length}.`)
  // Throws OptionError for a value that is no seed.
  new RandomGenerator(seeds)
  if (seeds.length === size) return seeds
  return Array.from({ length: size }, (_, image) => BigInt(seeds[0]!) + BigInt(image))
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!
}

/** Throws OptionError unless the tokenizer gave int32 tokens, equally many for each prompt. */
function requireEqualIds(encoded: readonly EncodedPrompt[]): void {
  for (const result of encoded)
    if (arrayClass(result?.ids) !== 'Int32Array' || result.ids.length !== encoded[0]!.ids.length)
      throw new OptionError(
        'The tokenizer needs to give { ids, ignored } for a prompt, ids an Int32Array and of one length for all; ' +
          `given ${valueText(result?.ids ?? result)}.`,
      )
}

function joinIds(items: readonly Int32Array[]): Int32Array {
  const joined = new Int32Array(items.length * items[0]!.length)
  for (const [item, ids] of items.entries()) joined.set(ids, item * ids.length)
  return joined
}
