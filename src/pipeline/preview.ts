import { OptionError } from '../errors'
import { valueText } from '../value_text'

/** The share of the sampling time that automatic previews may take. */
const budget = 1 / 8

/** Decides at which steps of a chain a preview is decoded. */
export class PreviewClock {
  #last = -Infinity
  #stepMilliseconds = 0
  #decodeMilliseconds = 0
  #pending: Promise<void> | undefined

  /** @param every n-th step, 0 for never, or 'auto'. Throws OptionError. */
  constructor(private readonly every: number | 'auto') {
    requirePreviewEvery(every)
  }

  /** Whether a preview of this step is due and none is running. If so, it counts as decoded. */
  due(step: number): boolean {
    if (this.every === 0 || step - this.#last < this.#interval || this.#pending) return false
    this.#last = step
    return true
  }

  /** Resolves when no preview is running. */
  get pending(): Promise<void> {
    return this.#pending ?? Promise.resolve()
  }

  stepTook(milliseconds: number): void {
    this.#stepMilliseconds = milliseconds
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
        this.#decodeMilliseconds = performance.now() - begun
      },
      () => {}, // the consumer of the preview gets the error
    )
    this.#pending = settled.finally(() => {
      this.#pending = undefined
    })
    return decoding
  }

  get #interval(): number {
    if (this.every !== 'auto') return this.every
    return Math.max(1, Math.ceil(this.#decodeMilliseconds / (budget * this.#stepMilliseconds || 1)))
  }
}

/** Throws OptionError unless this is 'auto' or a whole number. */
export function requirePreviewEvery(every: number | 'auto'): void {
  if (every !== 'auto' && !(Number.isInteger(every) && every >= 0))
    throw new OptionError(`previewEvery needs to be 'auto' or a whole number, 0 for none; given ${valueText(every)}.`)
}
