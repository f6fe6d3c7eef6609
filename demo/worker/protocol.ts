/**
 * Messages between the page and its worker: plain data that can be cloned or transferred. A picture is N tokens (u16,
 * row-major on the model's grid; K is the mask).
 */
import type { Expectation, RandomGeneratorState } from 'vq-diffusion-webgpu'
import type { Backend, DownloadProgress, EngineName, NetworkProvider } from 'vq-diffusion-webgpu/onnx'
import type { Model } from '../model/model'

export type { Backend, EngineName, Expectation, NetworkProvider }

/** Width and height in pixels. */
export interface Size {
  width: number
  height: number
}

/** u16 [N]. */
export type Tokens = Uint16Array<ArrayBuffer>

/**
 * What is downloaded: what runs networks, the stickers' denoiser and the network that makes pictures of tokens, and all
 * networks of another model.
 */
export type PartName = 'runtime' | 'network' | 'decoder' | 'model'

/** How far a download is, in all and by its parts. */
export interface PartsProgress extends DownloadProgress {
  readonly parts: Partial<Record<PartName, DownloadProgress>>
}

/** The folder of a model: its URL with a trailing slash, or files that the user opened by their paths in it. */
export interface ModelFolder {
  name: string
  files: string | ReadonlyMap<string, Blob>
}

/** What a worker has opened. */
export interface OpenedModel {
  backend: Backend
  model: Model
}

/** The user's choice of a backend; undefined leaves it to the worker. */
export interface BackendChoice {
  engine: EngineName | undefined
  network: NetworkProvider | undefined
}

export interface SamplerSettings {
  steps: number
  guidance: number
  /** The first and the last timestep that is guided: integers, the last not below the first. */
  guidedFrom: number
  guidedTo: number
  /** Draw from the most probable classes of this total probability; 1 keeps all. */
  truncation: number
  method: 'posterior' | 'purity'
  /** With 'purity': how much a token's purity sharpens its prediction. */
  priorWeight: number
  /** 'exact' is the library's 'strided' list, from T − 1 down to 0; 'leading' is the list of diffusers. */
  spacing: 'exact' | 'leading'
}

/** What pictures show: stickers have `text`, pictures of other models `words` or a class. */
export interface DrawingCondition {
  /** [B·16] tokens of style and prompt of each sticker. */
  text?: Int32Array
  /** [16] tokens of what guidance leads away from; by default none. */
  negativeText?: Int32Array
  /** What all pictures show, and what guidance leads away from. */
  words?: { prompt: string; negative: string }
  classLabel?: number
}

/** A batch of pictures to draw, one per seed. */
export interface DrawingOptions extends SamplerSettings, DrawingCondition {
  seeds: number[]
  /** Start from these pictures, one per seed, noised to strength·T; by default from noise. */
  image?: { tokens: Tokens[]; strength: number }
  /** Inpainting: tokens per picture, and u8 [N] where 1 keeps the cell. Always drawn with 'posterior'. */
  known?: { tokens: Tokens[]; keep: Uint8Array[] }
  /** Continue a stopped drawing of the same options. */
  from?: DrawingPosition
  /** With `from`: a single step from there to clean tokens, which shows what the network expects; always with 'posterior'. */
  atOnce?: boolean
  /** Decode previews of x₀, and record x₀ and diagnostics of every step, which reads every column of logits. */
  livePreview: boolean
}

/** From where a stopped drawing continues. */
export interface DrawingPosition {
  /** Number of steps done. */
  step: number
  /** u16 [B·N]. */
  tokens: Uint16Array<ArrayBuffer>
  random: RandomGeneratorState
}

/** All pictures of a drawing after one step; arrays hold the pictures one after another. */
export interface Frame {
  /** 0 before the first step; then 1, 2, … */
  step: number
  /** The timestep of the tokens, −1 when clean. */
  timestep: number
  /** u16 [B·N]. */
  tokens: Uint16Array<ArrayBuffer>
  /** u16 [B·N], the x₀ that the step drew; only with live preview, and not at step 0. */
  predOriginalSample?: Uint16Array<ArrayBuffer>
  /** f32 [B·N], nats, of the network's prediction; like `predOriginalSample`, but not with 'purity'. */
  entropy?: Float32Array<ArrayBuffer>
  /** Columns of logits, of B·N, that the step needs without recording; present if `entropy` is. */
  columnsRead?: number
  /** Wall-clock time of the network, in ms. */
  networkMilliseconds: number
  /** Wall-clock time of the rest of the step, in ms. */
  engineMilliseconds: number
}

export type DrawingEvent =
  /** `random` is the generator's state after the step. */
  | { kind: 'step'; frame: Frame; random: RandomGeneratorState }
  /** One bitmap per picture: the x₀ of `step`. */
  | { kind: 'preview'; step: number; bitmaps: ImageBitmap[] }
  /** The GPU device was lost. The drawing continues after this step. */
  | { kind: 'recovered'; step: number }

export interface DrawingResult {
  tokens: Tokens[]
  bitmaps: ImageBitmap[]
  /** Wall-clock time of the whole drawing, in ms. */
  milliseconds: { network: number; engine: number; decode: number; total: number }
}

/** A picture file in the model's tokens. */
export interface EncodedPicture {
  tokens: Tokens
  /** Whether there was a plain background, which is transparent in the tokens unless it was to be kept. */
  hasPlainBackground: boolean
}

/** Facts for the engine room. */
export interface EngineFacts {
  backend: Backend
  /** Threads of the processor that a network on WebAssembly runs on. */
  threads: number
  /** Bytes of all buffers of the GPU device; undefined without a device. */
  gpuBytes: number | undefined
  /** SHA-256 that tells the denoiser from others, in hexadecimal. */
  modelHash: string
}

/** The worker's interface. The page calls it through comlink, so there every call is asynchronous. */
export interface StudioWorker {
  /** @param onEvent has returned for every event before the result comes */
  draw(options: DrawingOptions, onEvent: (event: DrawingEvent) => void | Promise<void>): Promise<DrawingResult>
  /** Stops all drawings: they reject with an AbortError. The next drawing waits for the network run in progress. */
  stop(): void
  /** Pictures of clean tokens; may run between the steps of a drawing. */
  decode(tokens: Tokens[]): Promise<ImageBitmap[]>
  /**
   * How surely a finished picture shows what its words say (sureness.ts); comparable between pictures of the same words. May
   * run between the steps of a drawing.
   *
   * @param text [16] tokens of style and prompt
   */
  score(tokens: Tokens, text: Int32Array): Promise<number>
  /**
   * The nearest tokens of a picture file, scaled to `size` and centred in a picture of the model.
   *
   * @param onProgress of loading the encoder of the stickers, at the first call
   */
  encode(
    file: File,
    size: Size,
    keepsBackground: boolean,
    onProgress: (progress: DownloadProgress) => void,
  ): Promise<EncodedPicture>
  /**
   * An animated GIF, scaled up by an integer factor; frames are clean tokens.
   *
   * @param onProgress called with the share that is done, 0 … 1
   */
  exportGif(
    frames: Tokens[],
    options: { scale: number; millisecondsPerFrame: number },
    onProgress: (share: number) => void,
  ): Promise<Blob>
  /** Stops the GIF that is being made, which rejects with an AbortError. */
  stopGif(): void
  /** @param strength of the picture that the drawing starts from; undefined starts from noise */
  expectation(settings: SamplerSettings, strength?: number): Expectation
  facts(): Promise<EngineFacts>
  /** What a model of a folder does not see of a prompt, as a sentence; empty if it sees all. */
  remark(prompt: string): string
}
