/** Advances repeatedly between two clicks on its button. */
export class Player {
  readonly #button: HTMLButtonElement
  readonly #advance: () => Promise<number | undefined>
  #run: symbol | undefined

  /**
   * @param button gets the label Play or Pause, and `data-playing`
   * @param advance goes to the next snapshot; resolves when it is shown with the milliseconds to show it for, or with
   *   undefined if it is the last
   */
  constructor(button: HTMLButtonElement, advance: () => Promise<number | undefined>) {
    this.#button = button
    this.#advance = advance
    button.addEventListener('click', () => (this.#run ? this.pause() : this.#play()))
    this.pause()
  }

  pause(): void {
    this.#setRun(undefined)
  }

  async #play(): Promise<void> {
    // Identifies this run: an earlier one may still await its last advance.
    const run = Symbol()
    this.#setRun(run)
    while (this.#run === run) {
      const duration = await this.#advance()
      if (this.#run !== run) return
      if (duration === undefined) this.pause()
      else await new Promise((resolve) => setTimeout(resolve, duration))
    }
  }

  #setRun(run: symbol | undefined): void {
    this.#run = run
    this.#button.ariaLabel = run ? 'Pause' : 'Play'
    this.#button.dataset.playing = String(run !== undefined)
  }
}
