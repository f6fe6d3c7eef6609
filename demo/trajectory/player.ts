/** Goes through something by itself, from a press of its button to the next; never unasked. */
export class Player {
  readonly #button: HTMLButtonElement
  readonly #advance: () => Promise<number | undefined>
  #run: symbol | undefined

  /**
   * @param button is called Play or Pause, and has `data-playing`
   * @param advance goes one step on; resolves when it is seen, with the milliseconds it is to stay, or undefined if it
   *   was the last
   */
  constructor(button: HTMLButtonElement, advance: () => Promise<number | undefined>) {
    this.#button = button
    this.#advance = advance
    button.addEventListener('click', () => (this.#run ? this.pause() : this.#play()))
    this.pause()
  }

  pause(): void {
    this.#become(undefined)
  }

  async #play(): Promise<void> {
    const run = Symbol()
    this.#become(run)
    while (this.#run === run) {
      const stay = await this.#advance()
      if (this.#run !== run) return
      if (stay === undefined) this.pause()
      else await new Promise((resolve) => setTimeout(resolve, stay))
    }
  }

  #become(run: symbol | undefined): void {
    this.#run = run
    this.#button.ariaLabel = run ? 'Pause' : 'Play'
    this.#button.dataset.playing = String(run !== undefined)
  }
}
