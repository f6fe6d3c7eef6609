import { type Signal, signal } from '@preact/signals-core'
import { sizeOf } from '../model/model'
import type { Picture } from '../picture/picture'
import type { PageSettings } from '../picture/settings'
import type { DrawingPosition, Expectation, Frame } from '../worker/protocol'
import type { DrawingRequest, Source } from './drawing_request'
import { model } from './model'

/** Uncertainty of each token, f32 [N]: 0 if it is decided, up to 1 for a uniform prediction. The size of its dot. */
export type Uncertainty = Float32Array

/** Of a picture whose tokens are all decided. */
export function noUncertainty(): Uncertainty {
  return new Float32Array(sizeOf(model.peek().grid))
}

/** One picture of a batch, being drawn or finished. */
export class BatchItem {
  /** The preview or the finished picture. */
  readonly bitmap: Signal<ImageBitmap | undefined>
  readonly uncertainty: Signal<Uncertainty>
  /** Undefined until it is finished or stopped. */
  readonly picture: Signal<Picture | undefined>

  /** @param record undefined for an opened picture, which was not drawn here */
  constructor(
    finished?: { picture: Picture; bitmap: ImageBitmap },
    uncertainty: Uncertainty = noUncertainty(),
    readonly record?: DrawingRecord,
  ) {
    this.bitmap = signal(finished?.bitmap)
    this.picture = signal(finished?.picture)
    this.uncertainty = signal(uncertainty)
  }
}

/** How one picture was drawn. */
export interface DrawingRecord {
  /** All steps so far, of the pictures that were drawn together. */
  readonly frames: readonly Frame[]
  /** Index of the picture in the frames. */
  readonly index: number
  readonly expectation: Expectation
  /** Whether every token follows the posterior, and x₀ and entropy of each step are recorded. */
  readonly isExplainable: boolean
}

/** Pictures that are shown together. */
export interface Batch {
  readonly items: readonly BatchItem[]
  /** Of the grid; empty before the first drawing. */
  readonly title: string
  /** Index of the item that is shown large; undefined shows the grid. */
  readonly selected: Signal<number | undefined>
  /** What the form holds while the batch is on the stage; undefined if it was not asked for with the form. */
  readonly form: BatchForm | undefined
  /** Undefined for pictures that were not drawn together here. */
  readonly drawing: Drawing | undefined
  /** What tells the items of a comparison apart. */
  readonly labels?: readonly string[]
  /** The drawings of a comparison, each of one of its items. */
  readonly parts?: readonly Batch[]
}

/** The words and settings that a batch was drawn with, and what the form started from. */
interface BatchForm {
  readonly settings: PageSettings
  readonly source: Source | undefined
  readonly strength: number
}

/** What is needed to continue a drawing. */
export interface Drawing {
  readonly request: DrawingRequest
  readonly livePreview: boolean
  /** All steps so far. */
  readonly frames: Frame[]
  /** After the last step so far; undefined before the first position. */
  position: DrawingPosition | undefined
  readonly expectation: Expectation
}

export function createBatch(items: readonly BatchItem[], title: string, form?: BatchForm, drawing?: Drawing): Batch {
  return { items, title, form, drawing, selected: signal(items.length === 1 ? 0 : undefined) }
}

/** Whether all pictures are finished. Reads signals. */
export function isFinished({ items }: Batch): boolean {
  return items.every(({ picture }) => picture.value && !picture.value.unfinished)
}

/** Whether a drawing has begun and is not finished: it can be continued. Reads signals. */
export function isBegun(batch: Batch): boolean {
  const hasPosition = ({ drawing }: Batch) => drawing?.position !== undefined
  return !isFinished(batch) && (hasPosition(batch) || batch.parts?.some(hasPosition) === true)
}

/** The uncertainty of picture `index` of a frame. */
export function uncertaintyOf({ tokens, entropy }: Frame, index: number): Uncertainty {
  const { grid } = model.peek()
  const start = index * sizeOf(grid)
  // Of the uniform distribution over all classes, in nats.
  const maxEntropy = Math.log(grid.numCodes)
  return Float32Array.from({ length: sizeOf(grid) }, (_, cell) => {
    if (tokens[start + cell] !== grid.numCodes) return 0
    if (entropy === undefined) return 1
    // Most cells are decided below 2 nats; the square root spreads that range.
    return 0.5 + 0.5 * Math.sqrt(Math.min(1, entropy[start + cell]! / maxEntropy))
  })
}
