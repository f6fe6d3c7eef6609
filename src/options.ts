import type { RandomGenerator } from './random'

/** Order of the axes of tensors with classes: [B, K, N] as in diffusers, or [B, N, K] as a linear layer gives it. */
export type Layout = 'class-major' | 'pixel-major'

/** Classifier-free guidance: ℓ = ℓᵤ + scale · (ℓ_c − ℓᵤ) (docs/MATH.md#guidance). */
export interface Guidance<Tensor> {
  /**
   * The scale s, from −10⁶ to 10⁶. 1 gives the conditional logits, 0 the unconditional ones; larger values follow the
   * condition more closely.
   */
  readonly scale: number
  /**
   * Unconditional logits, the shape and dtype of `modelOutput`. Without them `modelOutput` holds 2B items, the
   * unconditional half first.
   */
  readonly unconditional?: Tensor
}

/** Tokens to keep (inpainting). */
export interface KnownTokens<Sample> {
  /** Clean tokens, u32 [B, N]. Only those under the mask are read. */
  readonly tokens: Sample
  /** u32 [B, N], not 0 where the token is known. */
  readonly mask: Sample
}

/** Diagnostics of one step. */
export interface StepDiagnostics<Tensor> {
  /**
   * Entropy of p(x₀) in nats, after guidance and before truncation, f32 [B, N]; 0 for a column from which nothing can
   * be drawn.
   */
  readonly entropy: Tensor
  /** The highest probability of p(x₀), f32 [B, N]; 0 for a column from which nothing can be drawn. */
  readonly topProbability: Tensor
  /**
   * [tokens changed, columns of logits read for x_u], u32 [2]. The second does not count columns that are read for
   * `predOriginalSample` or for the diagnostics alone.
   */
  readonly counts: Tensor
}

/** Options of `step` of both schedulers. Exactly one of `generator` and `noise` is needed. */
export interface StepOptions<Tensor, Sample> {
  /** Draws from the exact posterior and reads only the columns that it needs (docs/MATH.md#decide-first). */
  readonly generator?: RandomGenerator
  /**
   * Uniforms in [0, 1], f32, in the layout of the logits with C rows, or K rows if the previous timestep is −1. Draws
   * the tokens that diffusers draws with these uniforms (docs/MATH.md#gumbel-noise).
   */
  readonly noise?: Tensor
  /** Layout of the logits and the noise; 'class-major' by default. */
  readonly layout?: Layout
  /** Classifier-free guidance of the logits; none by default. */
  readonly guidance?: Guidance<Tensor>
  /**
   * Draws from the most probable classes only: those before which less than this probability is ranked, at least one
   * (docs/MATH.md#truncation). 1 or more, the default, keeps all classes; 0 or less keeps the most probable class.
   */
  readonly truncationRate?: number
  /**
   * The timestep u of the result, one number or one per item; −1 is clean data. By default the entry of `timesteps`
   * after `timestep`.
   */
  readonly previousTimestep?: number | readonly number[]
  /** Known pixels are drawn from q(x_u | x₀) and their logits are not read; at u = −1 they are the known tokens. */
  readonly known?: KnownTokens<Sample>
  /**
   * Also returns the drawn x₀ of every token, in a new tensor or in the given one, u32 [B, N]. Reads every column;
   * changes no other result.
   */
  readonly predOriginalSample?: boolean | Sample
  /**
   * Also returns diagnostics, in new tensors or in the given ones, which `emptyDiagnostics` creates. Reads every column
   * once more; changes no other result.
   */
  readonly diagnostics?: boolean | StepDiagnostics<Sample>
  /** The tensor to write x_u to, u32 [B, N]; a new one by default. */
  readonly out?: Sample
}

/** How tokens are chosen and their predictions sharpened (docs/MATH.md#purity). */
export interface PurityRule {
  /** r, from 0 to 10⁶: a token of purity π draws from p^(1 + r·π); 0 by default. Without effect if `byPurity` is false. */
  readonly priorWeight: number
  /**
   * Whether tokens are chosen with their purity as weight, the default, or with equal weights and from p as it is (prior
   * rules 2 and 1 of the paper authors' code).
   */
  readonly byPurity: boolean
}

/** Options of `purityStep` of both schedulers. */
export interface PurityOptions<Tensor, Sample>
  extends Partial<PurityRule>,
    Pick<StepOptions<Tensor, Sample>, 'layout' | 'guidance' | 'previousTimestep' | 'out'> {
  /** The source of randomness, which advances. */
  readonly generator: RandomGenerator
  /**
   * Reveals at most this many tokens of an item, and one more if that would be left over: several calls, each with new
   * logits, then take the place of one (docs/MATH.md#high-quality-inference). From 1; by default as many as the schedule
   * expects.
   */
  readonly tokensPerCall?: number
}

/** What `step` returns. New tensors belong to the caller. */
export interface VQDiffusionSchedulerOutput<Sample> {
  /** x_u, u32 [B, N]. */
  readonly prevSample: Sample
  /** The drawn x₀, u32 [B, N], if it was requested. */
  readonly predOriginalSample?: Sample
  /** If they were requested. */
  readonly diagnostics?: StepDiagnostics<Sample>
}

/** Invalid input that steps have counted (docs/MATH.md#faults). */
export interface Faults {
  /** Latent pixels whose logits held NaN or +∞, or were −∞ for every class; or whose noise was outside of [0, 1]. */
  readonly invalidColumns: number
  /** Latent pixels whose token was no class, none of the pixel's range, or one that the schedule cannot produce. */
  readonly impossibleTokens: number
}

/** Options of the dense operators. */
export interface LayoutOption {
  /** Layout of the tensors with classes; 'class-major' by default. */
  readonly layout?: Layout
}

export interface QPosteriorOptions extends LayoutOption {
  /** The timestep u of the posterior, one number or one per item; t − 1 by default. */
  readonly previousTimestep?: number | readonly number[]
}

export interface LogQOptions<Sample> extends LayoutOption {
  /** One number, or one per item. */
  readonly t: number | readonly number[]
  /** u32 [B, N]. */
  readonly xT: Sample
  /** true: from clean data, K rows. false: from t − 1, C rows. */
  readonly cumulative: boolean
}

export interface LogPX0Options<Tensor> extends LayoutOption {
  /** Layout of the result; by default that of the input. */
  readonly outputLayout?: Layout
  /** Classifier-free guidance of the logits; none by default. */
  readonly guidance?: Guidance<Tensor>
  /** Whether to subtract the log-sum-exp; true by default. */
  readonly normalise?: boolean
  /** Sets the classes that truncation drops to −∞; 1 or more, the default, keeps all (docs/MATH.md#truncation). */
  readonly truncationRate?: number
  /** Raises lower values to this one, at most 1e28. The pipeline of diffusers clamps at −70; no clamp by default. */
  readonly minimum?: number
}

/** Options of `addNoise`. Exactly one of `generator` and `noise` is needed. */
export interface AddNoiseOptions<Tensor, Sample> {
  /** Draws by the exact law of the forward process, and advances. */
  readonly generator?: RandomGenerator
  /** Uniforms in [0, 1], f32 [B, C, N]: the draw of the paper authors' code. */
  readonly noise?: Tensor
  /** With a generator: where invalid tokens are counted, u32 [2]; by default the scheduler's own counters. */
  readonly faults?: Sample
}

/** A list of timesteps that a chain visits, by its length or explicitly; exactly one of the two is needed. */
export interface TimestepOptions {
  /** Number of steps n, 1 to T. */
  readonly numInferenceSteps?: number
  /** A strictly falling list of timesteps. Each step goes to the next entry, the last to clean data. */
  readonly timesteps?: readonly number[]
  /**
   * With `numInferenceSteps`: 'strided', the default, spreads the steps over all T timesteps and follows the exact
   * posterior of each jump; 'leading' is the list of diffusers, n−1 … 0, which starts from masks
   * (docs/MATH.md#timesteps).
   */
  readonly spacing?: Spacing
}
/** How n steps are laid on the T timesteps: 'strided' over all of them, 'leading' on the n least noisy ones as in diffusers. */
export type Spacing = 'strided' | 'leading'
