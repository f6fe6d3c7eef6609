import { OptionError } from '../errors'
import { valueText } from '../value_text'

/** The share of the sampling time that automatic previews may take. */
const budget = 1 / 8

/** How long the decoder took last; undefined before it has run. The chains of a pipeline share it. */
export interface DecodingTime {
  milliseconds?: number
}

/** Decides at which steps of a chain a preview is decoded. */
export class PreviewClock {
  #last = -Infinity
  /** Sampling time since the last preview, or since the chain began. */
  #sampled = 0
  #pending: Promise<void> | undefined

  /** @param every n-th step, 0 for never, or 'auto'. Throws OptionError. */
  constructor(
    private readonly every: number | 'auto',
    private readonly decoding: DecodingTime,
  ) {
    requirePreviewEvery(every)
  }

  /** Whether a preview of this step is due and none is running. If so, it counts as decoded. */
  due(step: number): boolean {
    if (this.#pending || !this.#isTime(step)) return false
    this.#last = step
    this.#sampled = 0
    return true
  }

  /** Resolves when no preview is running. */
  get pending(): Promise<void> {
    return this.#pending ?? Promise.resolve()
  }

  stepTook(milliseconds: number): void {
    this.#sampled += milliseconds
  }

  /** Measures a decoding from when its step is finished, since it cannot begin earlier. */
  time<Image>(given: Promise<Image> | Image, stepFinished: Promise<void>): Promise<Image> {
    const decoding = Promise.resolve(given)
    let begun = performance.now()
    stepFinished.then(
      () => {
        begun = performance.now()
      },
      () => {}, // the loop gets the error
    )
    const settled = decoding.then(
      () => {
        this.decoding.milliseconds = performance.now() - begun
      },
      () => {}, // the consumer of the preview gets the error
    )
    this.#pending = settled.finally(() => {
      this.#pending = undefined
    })
    return decoding
  }

  #isTime(step: number): boolean {
    if (this.every === 0) return false
    if (this.every !== 'auto') return step - this.#last >= this.every
    // The first decoding of all measures the decoder.
    const { milliseconds = 0 } = this.decoding
    return milliseconds <= budget * this.#sampled
  }
}

/** Throws OptionError unless this is 'auto' or a whole number. */
export function requirePreviewEvery(every: number | 'auto'): void {
  if (every !== 'auto' && !(Number.isInteger(every) && every >= 0))
    throw new OptionError(`previewEvery needs to be 'auto' or a whole number, 0 for none; given ${valueText(every)}.`)
}
