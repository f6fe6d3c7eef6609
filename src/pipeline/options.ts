import type { OnnxGpuTensor } from '../onnx_tensor'
import type { KnownTokens, StepDiagnostics, TimestepOptions } from '../options'
import type { RandomGenerator, RandomGeneratorState } from '../random'
import type { SamplingMethod } from '../samplers'

/** The input of one call of the network. */
export interface DenoiserInput<Tensor, Conditioning> {
  /** x_t, u32 [B, N]. */
  readonly sample: Tensor
  /** t, from 0, the least noisy, to T − 1. */
  readonly timestep: number
  /**
   * Whether to return logits of 2B items, the unconditional half first, instead of B items. It changes in a chain with a
   * guidance interval.
   */
  readonly guided: boolean
  /** The `conditioning` of `sample`, unchanged. */
  readonly conditioning: Conditioning
  /** The signal of the call, for networks that can stop early. */
  readonly signal: AbortSignal | undefined
  /**
   * Resolves when the chain has ended, however. The promise is the same at all steps of a chain and belongs to no other, so
   * a network may keep by it what it makes once for a chain, and free that then. Undefined for a call outside of chains.
   */
  readonly ended?: Promise<void> | undefined
}

/** Logits that a scheduler of these tensors reads: on a GPU also those of onnxruntime-web, in a gpu-buffer. */
export type Logits<Tensor> =
  | Tensor
  | (Tensor extends {
      /** Only tensors on a GPU have one. */
      readonly device: unknown
    }
      ? OnnxGpuTensor
      : never)

/**
 * The network: returns raw logits f32 [B or 2B, K, N] or [B or 2B, N, K]. A network that computes on the calling thread
 * should yield to the event loop, or an abort is noticed late; those of `vq-diffusion-webgpu/onnx` do.
 */
export type Denoiser<Tensor, Conditioning> = (
  input: DenoiserInput<Tensor, Conditioning>,
) => Promise<Logits<Tensor>> | Logits<Tensor>

/** Decodes tokens u32 [B, N] into the images that the application shows. */
export type Decoder<Tensor, Image> = (tokens: Tensor) => Promise<Image>

/** A position in a chain: all that `resume` needs to continue it, on any device. */
export interface ChainPosition {
  /** Number of steps done; 0 at the start. */
  readonly step: number
  /** The tokens of all items, u32 [B·N]. */
  readonly tokens: ArrayLike<number>
  /** The state of the generator. */
  readonly random: RandomGeneratorState
}

/** Options of a chain; `conditioning` may be left out for a network that takes none. */
export type SampleOptions<Conditioning, Tensor> = ChainOptions<Tensor> & ConditioningOption<Conditioning>

/** The conditioning of a chain, optional if its type includes undefined. */
export type ConditioningOption<Conditioning> = undefined extends Conditioning
  ? {
      /** Passed to the network. */
      readonly conditioning?: Conditioning
    }
  : {
      /** Passed to the network. */
      readonly conditioning: Conditioning
    }

/** Options of a chain, whatever the network is conditioned on. */
export interface ChainOptions<Tensor> extends TimestepOptions {
  /** N. Needed unless `latents` or `image` is given. */
  readonly numLatentPixels?: number
  /** B; by default that of `latents`, `image` or `resume`, else 1. */
  readonly batchSize?: number
  /**
   * Tokens to start from, u32 [B, N], at the noise level of the first timestep. By default the fully noised start is
   * drawn.
   */
  readonly latents?: Tensor
  /**
   * An image to start from, clean tokens u32 [B, N] (docs/MATH.md#image-to-image). It is noised to the first timestep
   * at or below strength · T − 1, 0 ≤ strength ≤ 1: strength 0 returns the image, 1 ignores it.
   */
  readonly image?: {
    /** Clean tokens, u32 [B, N]. */
    readonly tokens: Tensor
    /** 0, which returns the image, or from what draws at least one step to 1, which ignores the image. */
    readonly strength: number
  }
  /** Tokens to keep (inpainting): noised like the others at every step, unchanged in the result. */
  readonly known?: KnownTokens<Tensor>
  /**
   * Continues a chain from a position that was saved from a chain with the same options. `latents`, the tokens of
   * `image`, `seed` and `generator` are then ignored.
   */
  readonly resume?: ChainPosition
  /**
   * 'posterior', the default, samples the chain of the model. 'purity' reveals the most certain tokens first, starts
   * from masks and revises no token before the last step (Improved VQ-Diffusion); it supports neither known tokens nor
   * truncation nor diagnostics. 'fast' is the fast sampling of the paper authors' code: it draws their tokens, not those of
   * the exact jumps (docs/MATH.md#fast-sampling), and starts from masks.
   */
  readonly method?: SamplingMethod
  /** For 'purity': how much a token's purity sharpens its prediction, from 0 to 10⁶; 0 by default. */
  readonly priorWeight?: number
  /**
   * For 'purity': reveals at most this many tokens with each call of the network, and calls it as often as a timestep needs
   * (high-quality inference; docs/MATH.md#high-quality-inference). From 1; by default one call for each timestep.
   */
  readonly tokensPerCall?: number
  /** Scale of classifier-free guidance, from −10⁶ to 10⁶. 1, the default, requests the conditional half of the logits only. */
  readonly guidanceScale?: number
  /**
   * [from, to]: guides the steps with from ≤ t ≤ to only. The others request the conditional half of the logits and draw
   * from them alone (docs/MATH.md#guidance-interval). Integers, 0 ≤ from ≤ to < T; all steps by default.
   */
  readonly guidanceInterval?: readonly [from: number, to: number]
  /**
   * Draws from the most probable classes only: those before which less than this probability is ranked, at least one. 1,
   * the default, keeps all (docs/MATH.md#truncation).
   */
  readonly truncationRate?: number
  /** One seed, or one per batch item. Exactly one of `seed` and `generator` is needed. */
  readonly seed?: number | bigint | readonly (number | bigint)[]
  /** A generator to continue with. */
  readonly generator?: RandomGenerator
  /** Stops the chain, which then throws the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * Decodes a preview of x₀ every n-th step; 0 for none. 'auto', the default with a decoder, measures the decoder and
   * spends at most an eighth of the sampling time on previews. A step with a preview reads every column of its logits.
   */
  readonly previewEvery?: number | 'auto'
  /**
   * Returns the drawn x₀ of every token at every step: the result if this step were the last. Reads every column;
   * changes no token.
   */
  readonly predOriginalSample?: boolean
  /**
   * Returns entropy and highest probability of every token, and counts, at every step. Changes no token.
   */
  readonly diagnostics?: boolean
}

/** One step of a chain. Tensors are valid until the next iteration, unless stated otherwise. */
export interface SampleProgress<Tensor, Image> {
  /** 0, 1, … */
  readonly step: number
  /** The timestep t of the step; −1 if there was no step to take, as with an image of strength 0. */
  readonly timestep: number
  /** The tokens after this step, u32 [B, N]. After the last step they belong to the caller. */
  readonly sample: Tensor
  /** The state of the generator after this step. With `step` + 1 and the tokens it is a `ChainPosition`. */
  readonly random: RandomGeneratorState
  /** The x₀ drawn by this step, u32 [B, N], if it was requested or is previewed. */
  readonly predOriginalSample?: Tensor
  /** Diagnostics of this step, if they were requested. */
  readonly diagnostics?: StepDiagnostics<Tensor>
  /** The decoded preview. The loop does not wait for it. */
  readonly preview?: Promise<Image>
  /** Duration of the step, network and engine, without the time that the consumer took. */
  readonly stepMilliseconds: number
}
