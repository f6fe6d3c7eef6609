import { rowAndColumn } from '../picture/cells'
import { NUM_LATENT_PIXELS, SIDE } from '../worker/protocol'

/** Opacity of the cover under a dot of size 1. */
const COVER_OPACITY = 0.82
/** Time constant of the animation: after it, 63 % of a change is done. */
const EASE_MILLISECONDS = 110
/** Difference in size at which an animation ends. */
const SETTLED = 0.01

const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)')
const darkMode = matchMedia('(prefers-color-scheme: dark)')

/**
 * A canvas with one dot per cell of the 16×16 grid; size 0 is no dot. Dots are animated to their new size, and only dots
 * that change are painted: a step changes some 250 of the 4096 dots of 16 pictures.
 */
export class Dots {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #cellSize: number
  readonly #radius: number
  readonly #target = new Float32Array(NUM_LATENT_PIXELS)
  readonly #current = new Float32Array(NUM_LATENT_PIXELS)
  #covers = false
  #dotColour = ''
  #coverColour = ''
  #isAnimating = false
  #paintTime = 0

  /**
   * @param canvas with the CSS properties `--dot` and `--surface` as colours
   * @param resolution width and height in pixels
   * @param radius of a dot of size 1, in cells
   */
  constructor(canvas: HTMLCanvasElement, resolution: number, radius: number) {
    canvas.width = resolution
    canvas.height = resolution
    this.#canvas = canvas
    this.#context = canvas.getContext('2d')!
    this.#cellSize = resolution / SIDE
    this.#radius = radius * this.#cellSize
    darkMode.addEventListener('change', () => this.#paintAll())
  }

  /**
   * @param sizes [256]
   * @param options.covers whether cells with a dot cover the picture below
   * @param options.jumps whether the dots have their new size at once
   */
  show(sizes: ArrayLike<number>, { covers = false, jumps = false }: { covers?: boolean; jumps?: boolean } = {}): void {
    this.#target.set(sizes)
    const isStill = jumps || reducedMotion.matches
    if (isStill) this.#current.set(sizes)
    if (isStill || covers !== this.#covers) {
      this.#covers = covers
      this.#paintAll()
    }
    if (isStill || this.#isAnimating) return
    this.#isAnimating = true
    this.#paintTime = performance.now()
    requestAnimationFrame(this.#animate)
  }

  readonly #animate = (now: number) => {
    const share = 1 - Math.exp((this.#paintTime - now) / EASE_MILLISECONDS)
    this.#paintTime = now
    this.#readColours()
    let isChanging = false
    for (let cell = 0; cell < NUM_LATENT_PIXELS; cell++) {
      const [current, target] = [this.#current[cell]!, this.#target[cell]!]
      if (current === target) continue
      const isSettled = Math.abs(target - current) < SETTLED
      this.#current[cell] = isSettled ? target : current + Math.max(0, share) * (target - current)
      isChanging ||= !isSettled
      this.#paint(cell)
    }
    this.#isAnimating = isChanging
    if (isChanging) requestAnimationFrame(this.#animate)
  }

  #paintAll(): void {
    this.#readColours()
    for (let cell = 0; cell < NUM_LATENT_PIXELS; cell++) this.#paint(cell)
  }

  #readColours(): void {
    const style = getComputedStyle(this.#canvas)
    this.#dotColour = style.getPropertyValue('--dot')
    this.#coverColour = style.getPropertyValue('--surface')
  }

  #paint(cell: number): void {
    const context = this.#context
    const side = this.#cellSize
    const size = this.#current[cell]!
    const [row, column] = rowAndColumn(cell)
    const [x, y] = [column * side, row * side]
    context.clearRect(x, y, side, side)
    if (size <= 0) return
    if (this.#covers) {
      context.globalAlpha = COVER_OPACITY * Math.min(1, size)
      context.fillStyle = this.#coverColour
      context.fillRect(x, y, side, side)
      context.globalAlpha = 1
    }
    context.fillStyle = this.#dotColour
    context.beginPath()
    context.arc(x + side / 2, y + side / 2, this.#radius * size, 0, 2 * Math.PI)
    context.fill()
  }
}
