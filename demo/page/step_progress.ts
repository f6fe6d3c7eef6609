import { formatDuration, formatMilliseconds } from '../format'
import { isShown, showProgress } from './messages'

/** How often the progress moves while a step runs, in ms. */
const INTERVAL = 200
/** Share of a step's part of the bar that is shown before its end: it may take longer than expected. */
const MAX_SHARE = 0.9
/** Shorter times left are not worth a word. */
const SHORT = 2000

/** Shows how far a drawing is: it moves from the start on, while the first step runs too. */
export class StepProgress {
  readonly #timer = setInterval(() => this.#tick(), INTERVAL)
  readonly #startTime = performance.now()
  readonly #steps: number
  #stepTime = this.#startTime
  #text = ''
  /** How much longer the last step took than expected. */
  #slowness = 1

  /**
   * @param step number of steps done before
   * @param expected milliseconds of each of all steps, as far as is known
   */
  constructor(
    private step: number,
    private readonly expected: readonly number[],
  ) {
    this.#steps = expected.length
    this.#show(`step ${Math.min(step + 1, this.#steps)} of ${this.#steps}`)
  }

  /** A step has ended, which took so many milliseconds. */
  finish(step: number, milliseconds: number): void {
    this.step = step
    this.#slowness = milliseconds / this.expected[step - 1]!
    this.#stepTime = performance.now()
    const left = this.expected.slice(step).reduce((sum, next) => sum + this.#slowness * next, 0)
    this.#show(
      `step ${step} of ${this.#steps} · ${formatMilliseconds(milliseconds)} a step` +
        (left > SHORT ? ` · ${formatDuration(left)} left` : ''),
    )
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    // Another sentence may have taken the place.
    if (!isShown(this.#text)) return
    const isFirst = this.#stepTime === this.#startTime
    const seconds = Math.floor((performance.now() - this.#startTime) / 1000)
    const text = isFirst && seconds > 0 ? `step ${this.step + 1} of ${this.#steps}, ${seconds} s so far` : this.#text
    this.#show(text)
  }

  #show(text: string): void {
    const expected = this.#slowness * (this.expected[this.step] ?? 0)
    const share = expected > 0 ? (performance.now() - this.#stepTime) / expected : 0
    this.#text = text
    showProgress((this.step + Math.min(MAX_SHARE, share)) / Math.max(1, this.#steps), text)
  }
}
