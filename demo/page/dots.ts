import { NUM_LATENT_PIXELS, SIDE } from '../worker/protocol'

/** How much of the picture a veil hides. */
const VEIL = 0.82
/** How soon a dot has changed by two thirds. */
const EASE_MILLISECONDS = 110
const SETTLED = 0.01

const stillness = matchMedia('(prefers-reduced-motion: reduce)')
const darkness = matchMedia('(prefers-color-scheme: dark)')

/**
 * A dot over every cell of the 16×16 grid, on one canvas; its size is data, 0 is none. Dots grow and shrink to their new
 * size, and only those that do are painted again: with 16 pictures a step changes some 250 dots, not 4096.
 */
export class Dots {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #cell: number
  readonly #radius: number
  readonly #wanted = new Float32Array(NUM_LATENT_PIXELS)
  readonly #shown = new Float32Array(NUM_LATENT_PIXELS)
  #veil = false
  #ink = ''
  #paper = ''
  #running = false
  #paintedAt = 0

  /**
   * @param canvas CSS gives it its size, and its colours: `--dot` and `--surface`
   * @param resolution its side in pixels
   * @param radius of a dot of size 1, in cells: small pictures need larger ones
   */
  constructor(canvas: HTMLCanvasElement, resolution: number, radius: number) {
    canvas.width = resolution
    canvas.height = resolution
    this.#canvas = canvas
    this.#context = canvas.getContext('2d')!
    this.#cell = resolution / SIDE
    this.#radius = radius * this.#cell
    darkness.addEventListener('change', () => this.#paintAll())
  }

  /**
   * @param sizes [256]
   * @param veil whether the picture below is hidden where there are dots
   */
  show(sizes: ArrayLike<number>, veil = false): void {
    this.#wanted.set(sizes)
    if (stillness.matches) this.#shown.set(sizes)
    if (stillness.matches || veil !== this.#veil) {
      this.#veil = veil
      this.#paintAll()
    }
    if (this.#running) return
    this.#running = true
    this.#paintedAt = performance.now()
    requestAnimationFrame(this.#animate)
  }

  readonly #animate = (now: number) => {
    const share = 1 - Math.exp((this.#paintedAt - now) / EASE_MILLISECONDS)
    this.#paintedAt = now
    this.#readColours()
    let changing = false
    for (let cell = 0; cell < NUM_LATENT_PIXELS; cell++) {
      const [shown, wanted] = [this.#shown[cell]!, this.#wanted[cell]!]
      if (shown === wanted) continue
      const near = Math.abs(wanted - shown) < SETTLED
      this.#shown[cell] = near ? wanted : shown + Math.max(0, share) * (wanted - shown)
      changing ||= !near
      this.#paint(cell)
    }
    this.#running = changing
    if (changing) requestAnimationFrame(this.#animate)
  }

  #paintAll(): void {
    this.#readColours()
    for (let cell = 0; cell < NUM_LATENT_PIXELS; cell++) this.#paint(cell)
  }

  #readColours(): void {
    const style = getComputedStyle(this.#canvas)
    this.#ink = style.getPropertyValue('--dot')
    this.#paper = style.getPropertyValue('--surface')
  }

  #paint(cell: number): void {
    const context = this.#context
    const side = this.#cell
    const size = this.#shown[cell]!
    const x = (cell % SIDE) * side
    const y = Math.floor(cell / SIDE) * side
    context.clearRect(x, y, side, side)
    if (size <= 0) return
    if (this.#veil) {
      context.globalAlpha = VEIL * Math.min(1, size)
      context.fillStyle = this.#paper
      context.fillRect(x, y, side, side)
      context.globalAlpha = 1
    }
    context.fillStyle = this.#ink
    context.beginPath()
    context.arc(x + side / 2, y + side / 2, this.#radius * size, 0, 2 * Math.PI)
    context.fill()
  }
}
