import type { VQDiffusionSchedulerConfig } from 'vq-diffusion-webgpu'
import type { SamplerSettings, Size } from '../worker/protocol'

/** The token grid of a model. */
export interface TokenGrid {
  readonly height: number
  readonly width: number
  /** K; the mask is the token K. */
  readonly numCodes: number
}

/** What says what a picture of a model shows. */
export type ConditionKind = 'text' | 'class' | 'none'

/** What the page has to know of a model: plain data, which the worker reports when it has opened one. */
export interface Model {
  /** Of its folder. */
  readonly name: string
  /** Whether it is the page's own model, which has styles, words to complete, presets and stickers on a wall. */
  readonly isStickers: boolean
  /** Whether it is not open yet, so that nothing but its name is known. */
  readonly isUnknown?: boolean
  readonly grid: TokenGrid
  /** Of a picture, in pixels. */
  readonly picture: Size
  /** Whether pictures have transparent pixels. */
  readonly hasAlpha: boolean
  readonly condition: ConditionKind
  /** Of a model of classes. */
  readonly numClasses?: number
  /** Whether it can be guided: it knows what to draw without a condition. */
  readonly isGuidable: boolean
  /** Whether pictures can be opened to start from. */
  readonly hasEncoder: boolean
  readonly scheduler: VQDiffusionSchedulerConfig
  /** What its folder recommends. */
  readonly defaults: Preset
}

/** What a preset sets. */
export type Preset = Pick<
  SamplerSettings,
  'steps' | 'guidance' | 'guidedFrom' | 'guidedTo' | 'truncation' | 'method' | 'spacing'
>

/** Number of tokens of a picture. */
export function sizeOf({ height, width }: TokenGrid): number {
  return height * width
}

export function isSameGrid(a: TokenGrid, b: TokenGrid): boolean {
  return a.height === b.height && a.width === b.width && a.numCodes === b.numCodes
}
