import type { TimestepOptions } from '../options'
import type { SamplingMethod } from '../samplers'
import type { Mask, Picture } from './pictures'

/** A picture to start from, or clean tokens [N]. */
export type StartImage = Picture | ArrayLike<number>

/** The part of a picture to keep (inpainting). It is the same for all images of the batch. */
export interface KnownPicture {
  /** The picture, or its tokens [N]. Only what the mask keeps is used. */
  readonly image: StartImage
  /**
   * What to keep: one value for each latent pixel [N], or for each pixel of the image [height · width], not 0 where it
   * is kept; or a picture, whose opaque pixels are kept. A latent pixel is kept if all pixels of its cell are.
   */
  readonly mask: Mask
}

/** The classes in which images are returned. */
export interface ImageOutputs {
  /** Bytes with straight alpha, for `putImageData`. Outside of browsers a plain object with the same properties. */
  ImageData: ImageData
  /** For `drawImage`; can be transferred to another thread. */
  ImageBitmap: ImageBitmap
}

/** What a call of the pipeline draws. The model's `defaults` apply where nothing else is said. */
export interface PictureOptions extends TimestepOptions {
  /** Images for each prompt, 1 by default. Images of one prompt are adjacent. */
  readonly numImagesPerPrompt?: number
  /**
   * What the images should not show: guidance leads away from it. One for all prompts, or one for each; empty ones are the
   * model's learned embeddings of no text, if it has any.
   */
  readonly negativePrompt?: string | readonly string[]
  /**
   * What a class-conditional model draws, with an empty prompt: a class from 0 to the model's number of classes − 1, or a
   * list. A list is like one of prompts: it has `numImagesPerPrompt` images for each class.
   */
  readonly classLabel?: number | readonly number[]
  /** A drawing style of the model's tokenizer; no particular style by default. */
  readonly style?: string
  /** Scale of classifier-free guidance; 1 turns it off and halves the work of the network. */
  readonly guidanceScale?: number
  /**
   * [from, to]: guides the steps with from ≤ t ≤ to only, 0 ≤ from ≤ to < T; the network does half the work in the others
   * (docs/MATH.md#guidance-interval). [0, T − 1] guides all.
   */
  readonly guidanceInterval?: readonly [from: number, to: number]
  /** Draws from the most probable classes of this total probability only; 1 keeps all. */
  readonly truncationRate?: number
  /**
   * 'posterior', the default, samples the chain of the model. 'purity' reveals the most certain tokens first, and supports
   * neither `known` nor truncation. 'fast' is the fast sampling of the paper authors' code (docs/MATH.md#fast-sampling).
   */
  readonly method?: SamplingMethod
  /** For 'purity': how much a token's purity sharpens its prediction; 0 by default. */
  readonly priorWeight?: number
  /**
   * For 'purity': reveals at most this many tokens with each call of the network, and calls it as often as a timestep needs
   * (high-quality inference; docs/MATH.md#high-quality-inference). From 1; by default one call for each timestep.
   */
  readonly tokensPerCall?: number
  /**
   * Integers from 0 to 2⁶⁴ − 1. One seed s gives image i of the batch the seed s + i, so that it can be drawn again
   * alone; a list has one seed for each image. Random by default.
   */
  readonly seed?: number | bigint | readonly (number | bigint)[]
  /** Draws variations of an image: one for all, or a list with one for each image of the batch. */
  readonly image?: StartImage | readonly StartImage[]
  /**
   * With `image`: how much of it is drawn anew, from 0 (nothing) to 1 (everything); 0.6 by default. Other than 0 it needs to
   * be enough for a step, such as 0.25 with 4 steps.
   */
  readonly strength?: number
  /** Keeps a part of a picture (inpainting): the other tokens are drawn to fit it. */
  readonly known?: KnownPicture
  /**
   * Decodes a preview at every n-th step; 0 for none. 'auto' spends at most an eighth of the time on previews. The
   * default is 0 for a call and 'auto' for `stream`.
   */
  readonly previewEvery?: number | 'auto'
  /** Stops the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Options of a call of the pipeline. */
export interface PipelineOptions<Output extends keyof ImageOutputs = 'ImageData'> extends PictureOptions {
  /** The class of the images, 'ImageData' by default. */
  readonly output?: Output
  /**
   * Called after every step; the last one has the result. The call waits for what it returns, and rejects with what it
   * throws or rejects with.
   */
  readonly onStep?: (step: PipelineStep<ImageOutputs[Output]>) => unknown
}

/** The result of a call of the pipeline. */
export interface PipelineOutput<Image = ImageData> {
  /** One for each prompt or class and image of it; none of a model whose tokens are the result. */
  readonly images: Image[]
  /** The clean tokens of every image, u32 [N]. */
  readonly tokens: Uint32Array[]
  /** The given or chosen seed. With it and the same options, the call gives the same tokens. */
  readonly seed: number | bigint | readonly (number | bigint)[]
  /** For each prompt the words that the tokenizer ignored: those that it does not know, or that are beyond its length. */
  readonly ignored: readonly (readonly string[])[]
}

/** One step of a call. The last step has the result, also if there are no steps to take (strength 0). */
export interface PipelineStep<Image = ImageData> extends Partial<PipelineOutput<Image>> {
  /** Number of steps done: 1 … total. */
  readonly step: number
  /** Number of steps of the call. */
  readonly total: number
  /** The timestep t of the step; −1 if there was none to take. */
  readonly timestep: number
  /** Duration of the step, in milliseconds, without previews. */
  readonly stepMilliseconds: number
  /** The preview of x₀, if this step has one; after the last step the images. */
  readonly images?: Image[]
}

/** Defaults of a model; without a default of its own those of diffusers: 100 steps, guidance 5 at all steps, no truncation. */
export interface PipelineDefaults {
  /** Number of steps. */
  readonly numInferenceSteps?: number
  /** Scale of classifier-free guidance. */
  readonly guidanceScale?: number
  /** [from, to]: the timesteps that are guided. */
  readonly guidanceInterval?: readonly [from: number, to: number]
  /** Draws from the most probable classes of this total probability only; 1 keeps all. */
  readonly truncationRate?: number
}
