/**
 * What the page and its worker say to each other: plain data that can be cloned or transferred. A picture is 256 tokens
 * (u16, row-major on a 16×16 grid, 4096 is the mask); everything else about it follows from them.
 */
import type { Backend } from './backend'

export const SIDE = 16
export const NUM_LATENT_PIXELS = SIDE * SIDE
export const MASK_CLASS = 4096
export const PICTURE_PIXELS = 128

/** u16 [256]. */
export type Tokens = Uint16Array<ArrayBuffer>

/** How pictures are sampled, apart from what they show. */
export interface SamplerSettings {
  steps: number
  guidance: number
  /** Draw from the most probable classes of this mass only; 1 keeps all. */
  truncation: number
  method: 'posterior' | 'purity'
  /** With 'purity': how much a token's purity sharpens its prediction. */
  priorWeight: number
  /** 'exact' spreads the steps over all of the noise; 'leading' is the list of diffusers. */
  spacing: 'exact' | 'leading'
}

/** Pictures to draw together: one batch, an item a seed. */
export interface Drawing extends SamplerSettings {
  /** [16] tokens of style and prompt. */
  text: Int32Array
  seeds: number[]
  /** Starts from these pictures, one a seed, noised to strength·T; without it from noise. */
  image?: { tokens: Tokens[]; strength: number }
  /** Cells that stay: tokens per picture, and u8 [256] where 1 keeps the cell. Drawn by 'posterior', whatever the method. */
  known?: { tokens: Tokens[]; keep: Uint8Array[] }
  /** Decode previews of x₀ while drawing, and record what the network expected at every step, which reads every column. */
  livePreview: boolean
}

/** All pictures of a drawing after one step; arrays are the pictures' one after another. */
export interface Frame {
  /** 0 is the start, before any step; then 1, 2, … */
  step: number
  /** The timestep that the tokens are at: u of the step, −1 when clean. */
  timestep: number
  /** u16 [B·256]. */
  tokens: Uint16Array<ArrayBuffer>
  /** u16 [B·256], the x₀ that the step drew; none at the start, nor without live previews. */
  predOriginalSample?: Uint16Array<ArrayBuffer>
  /** f32 [B·256], nats, of the network's prediction; recorded like x₀, but not with 'purity'. */
  entropy?: Float32Array<ArrayBuffer>
  /** Columns of logits that the step would need without recording, of B·256; counted where the entropy is recorded. */
  columnsRead?: number
  /** Wall clock, in ms: the network, and everything else of the step. */
  networkMilliseconds: number
  engineMilliseconds: number
}

export type DrawingEvent =
  | { kind: 'step'; frame: Frame }
  /** One bitmap of 128×128 a picture, as of `step`. */
  | { kind: 'preview'; step: number; bitmaps: ImageBitmap[] }
  /** The GPU was lost; the drawing goes on by itself, from this step. */
  | { kind: 'recovered'; step: number }

/** What has been drawn. */
export interface Drawn {
  tokens: Tokens[]
  bitmaps: ImageBitmap[]
  /** Wall clock in ms, over the whole drawing. */
  milliseconds: { network: number; engine: number; decode: number; total: number }
}

/** Facts for the engine room. */
export interface EngineFacts {
  backend: Backend
  /** As the browser names it: vendor, architecture, description; empty without WebGPU. */
  adapter: string
  features: string[]
  /** Buffers that the device holds for engine and network, in bytes; undefined where nobody counts. */
  gpuBytes: number | undefined
  /** SHA-256 of the denoiser, hex: which model drew a picture. */
  modelHash: string
}

/** The marginals of the schedule along a list of timesteps, for the chart: shares of the tokens, 0 … 1. */
export interface Expectation {
  timesteps: number[]
  /** Share still masked at each timestep of the list, and 0 at the end. */
  masked: number[]
  /** Share that each step is expected to change. */
  changed: number[]
}

/** The worker's face to the page (through comlink: every call is asynchronous there). */
export interface StudioWorker {
  draw(drawing: Drawing, onEvent: (event: DrawingEvent) => void): Promise<Drawn>
  /** Ends the drawing under way; it rejects at once with an AbortError. The next one waits for the network's last run. */
  stop(): void
  /** Pictures of 128×128, of clean tokens; goes between the steps of a drawing under way. */
  decode(tokens: Tokens[]): Promise<ImageBitmap[]>
  /** The nearest tokens of a picture, fitted into 128×128; loads the encoder at first use. */
  encode(picture: ImageBitmap): Promise<Tokens>
  /** An animated GIF of a picture's frames, upscaled by a whole factor; frames are clean tokens. */
  exportGif(frames: Tokens[], options: { scale: number; millisecondsPerFrame: number }): Promise<Blob>
  expectation(settings: SamplerSettings, strength?: number): Expectation
  facts(): Promise<EngineFacts>
}
