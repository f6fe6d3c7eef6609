import { requireInteger, requireOneOf, requireTokens } from '../checks'
import { OptionError, ShapeError } from '../errors'
import type { Names } from '../option_names'
import { RandomGenerator } from '../random'
import { valueText } from '../value_text'
import { type Condition, type ConditionParts, conditionOf } from './condition'
import type { ImageOutputs, PictureOptions, PipelineDefaults, PipelineOptions, StartImage } from './options'
import { isNumbers } from './pictures'
import type { EncodedPrompt } from './word_tokenizer'

/** Turns a prompt into the tokens of the denoiser's text input. */
export interface Tokenizer {
  /** Throws OptionError for an unknown style. */
  encode(prompt: string, options: { readonly style?: string | undefined }): EncodedPrompt
}

/** Names of the options that say, beside the prompt, what the images show. */
export const conditionNames = { negativePrompt: true, classLabel: true, style: true } as const

/** Names of the options of a call. */
export const pipelineNames = {
  ...conditionNames,
  numImagesPerPrompt: true,
  numInferenceSteps: true,
  timesteps: true,
  spacing: true,
  guidanceScale: true,
  guidanceInterval: true,
  truncationRate: true,
  method: true,
  priorWeight: true,
  tokensPerCall: true,
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
  readonly condition: Condition
}

/** Checks prompts, classes and seeds, and tokenizes the prompts. Throws OptionError. */
export function batchOf(prompt: string | readonly string[], options: PictureOptions, parts: ConditionParts): Batch {
  const { numImagesPerPrompt = 1, seed = randomSeed() } = options
  requireInteger('numImagesPerPrompt', numImagesPerPrompt, 1)
  const condition = conditionOf(prompt, options, parts)
  const size = condition.count * numImagesPerPrompt
  return { size, seed, seeds: seedsOf(seed, size), condition }
}

/** Options of the sampling loop, with the model's defaults. Throws OptionError for guidance that the model does not have. */
export function chainOptions(options: PictureOptions, { guidable }: Condition, defaults: PipelineDefaults, T: number) {
  const { timesteps, spacing, method, priorWeight, tokensPerCall } = options
  const defaultSteps = timesteps === undefined ? Math.min(defaults.numInferenceSteps ?? 100, T) : undefined
  // Purity sampling does not support truncation, so it does not take that default.
  const defaultRate = method === 'purity' ? undefined : defaults.truncationRate
  // No ??, which would take null for an option that was left out.
  const {
    numInferenceSteps = defaultSteps,
    truncationRate = defaultRate,
    guidanceScale = guidable ? (defaults.guidanceScale ?? 5) : 1,
    guidanceInterval = defaults.guidanceInterval,
  } = options
  if (!guidable && guidanceScale !== 1)
    throw new OptionError(
      `guidanceScale needs to be 1, since this model has no unconditional class; given ${valueText(guidanceScale)}.`,
    )
  return {
    guidanceScale,
    ...(guidanceInterval !== undefined && { guidanceInterval }),
    ...(numInferenceSteps !== undefined && { numInferenceSteps }),
    ...(timesteps !== undefined && { timesteps }),
    ...(spacing !== undefined && { spacing }),
    ...(method !== undefined && { method }),
    ...(priorWeight !== undefined && { priorWeight }),
    ...(tokensPerCall !== undefined && { tokensPerCall }),
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
