import { type Signal, signal } from '@preact/signals-core'
import type { Picture } from '../picture/picture'
import { type Expectation, type Frame, MASK_CLASS, NUM_LATENT_PIXELS } from '../worker/protocol'

/** How unsure the model still is of each token, [256]: 0 where one stands, up to 1 where it could be any. */
export type Doubt = Float32Array

/** The entropy of a model that knows nothing, in nats. */
const MOST_ENTROPY = Math.log(MASK_CLASS)

/** One picture on a sheet, whether it still develops or is finished. */
export class Print {
  /** What there is to see; undefined as long as nothing is. */
  readonly bitmap: Signal<ImageBitmap | undefined>
  readonly doubt: Signal<Doubt>
  /** Set when it is finished. */
  readonly picture: Signal<Picture | undefined>

  constructor(
    finished?: { picture: Picture; bitmap: ImageBitmap },
    doubt: Doubt = new Float32Array(NUM_LATENT_PIXELS),
  ) {
    this.bitmap = signal(finished?.bitmap)
    this.picture = signal(finished?.picture)
    this.doubt = signal(doubt)
  }
}

/** Pictures that were made together, and how they came about. */
export interface Sheet {
  readonly prints: readonly Print[]
  /** What they were to show; empty before the first. */
  readonly title: string
  /** The one that is seen large; undefined shows all. */
  readonly selected: Signal<number | undefined>
  /** All steps so far, for winding back, and what the schedule expects of them; undefined for pictures that were opened. */
  readonly course: Course | undefined
}

export interface Course {
  readonly frames: readonly Frame[]
  readonly expectation: Expectation
}

export function sheetOf(prints: readonly Print[], title: string, course?: Course): Sheet {
  return { prints, title, course, selected: signal(prints.length === 1 ? 0 : undefined) }
}

/** The doubt in the `index`-th picture of a frame. */
export function doubtIn({ tokens, entropy }: Frame, index: number): Doubt {
  const begin = index * NUM_LATENT_PIXELS
  return Float32Array.from({ length: NUM_LATENT_PIXELS }, (_, cell) => {
    if (tokens[begin + cell] !== MASK_CLASS) return 0
    if (entropy === undefined) return 1
    // Most cells are decided with a nat or two left; the root shows the difference there.
    return 0.5 + 0.5 * Math.sqrt(Math.min(1, entropy[begin + cell]! / MOST_ENTROPY))
  })
}
