const SIDE = 16

/** The canvas with a dot over every token that the model has not decided yet. */
export class Stage {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #cells: HTMLElement
  readonly #dots: HTMLElement[]
  /** Previews may arrive after newer ones; the step of the newest that was shown. */
  #shown = -1

  constructor(canvas: HTMLCanvasElement, cells: HTMLElement) {
    this.#canvas = canvas
    this.#context = canvas.getContext('2d', { willReadFrequently: true })!
    this.#cells = cells
    this.#dots = Array.from({ length: SIDE * SIDE }, (_, token) => {
      const dot = document.createElement('i')
      dot.style.setProperty('--rest', restingSize(token).toFixed(2))
      return dot
    })
    cells.replaceChildren(...this.#dots)
    cells.classList.add('resting')
  }

  /** An empty sheet: nothing is decided. */
  clear(description: string): void {
    this.#shown = -1
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height)
    this.#canvas.ariaLabel = description
    this.#cells.classList.remove('resting')
    for (const dot of this.#dots) dot.classList.remove('settled')
  }

  /** [256]: 1 where the token is still masked. */
  showMasked(masked: Uint8Array): void {
    for (const [token, dot] of this.#dots.entries()) dot.classList.toggle('settled', masked[token] === 0)
  }

  /** Straight-alpha RGBA bytes of the canvas' size, as of `step`. */
  showPicture(bytes: Uint8ClampedArray<ArrayBuffer>, step: number): void {
    if (step <= this.#shown) return
    this.#shown = step
    this.#context.putImageData(new ImageData(bytes, this.#canvas.width, this.#canvas.height), 0, 0)
  }

  finish(description: string): void {
    this.#canvas.ariaLabel = description
    for (const dot of this.#dots) dot.classList.add('settled')
  }

  async save(fileName: string): Promise<void> {
    const blob = await new Promise<Blob | null>((resolve) => this.#canvas.toBlob(resolve, 'image/png'))
    if (blob === null) return
    const link = document.createElement('a')
    link.href = URL.createObjectURL(blob)
    link.download = fileName
    link.click()
    URL.revokeObjectURL(link.href)
  }
}

/** Before the first picture the dots print a heart: (x² + y² − 1)³ < x² y³. */
function restingSize(token: number): number {
  const x = ((token % SIDE) - (SIDE - 1) / 2) / 5.2
  const y = ((SIDE - 1) / 2 + 0.6 - Math.floor(token / SIDE)) / 5.2
  const inside = Math.cbrt(x * x * y ** 3) - (x * x + y * y - 1)
  return 0.3 + 1.3 / (1 + Math.exp(-9 * inside))
}
