import { isSameGrid, sizeOf, type TokenGrid } from '../model/model'
import { rowAndColumn } from '../picture/cells'
import { fitCanvas } from '../trajectory/fit_canvas'

/** Opacity of the cover under a dot of size 1. */
const COVER_OPACITY = 0.82
/** Time constant of the animation: after it, 63 % of a change is done. */
const EASE_MILLISECONDS = 110
/** Difference in size at which an animation ends. */
const SETTLED = 0.01

const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)')
const darkMode = matchMedia('(prefers-color-scheme: dark)')

/**
 * A canvas with one dot per cell of the token grid; size 0 is no dot. Dots are animated to their new size, and only dots
 * that change are painted: a step changes some 250 of the 4096 dots of 16 pictures.
 */
export class Dots {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #resolution: number
  readonly #radius: number
  #grid: TokenGrid = { height: 0, width: 0, numCodes: 0 }
  #cellSize = 0
  #target = new Float32Array()
  #current = new Float32Array()
  #covers = false
  #dotColour = ''
  #coverColour = ''
  #isAnimating = false
  #paintTime = 0

  /**
   * @param canvas with the CSS properties `--dot` and `--surface` as colours
   * @param resolution of its longer side, in pixels
   * @param radius of a dot of size 1, in cells
   */
  constructor(canvas: HTMLCanvasElement, resolution: number, radius: number) {
    this.#canvas = canvas
    this.#context = canvas.getContext('2d')!
    this.#resolution = resolution
    this.#radius = radius
    darkMode.addEventListener('change', () => this.#paintAll())
  }

  /**
   * @param sizes [N]
   * @param grid the cells; those of another grid begin at 0
   * @param options.covers whether cells with a dot cover the picture below
   * @param options.jumps whether the dots have their new size at once
   */
  show(
    sizes: ArrayLike<number>,
    grid: TokenGrid,
    { covers = false, jumps = false }: { covers?: boolean; jumps?: boolean } = {},
  ): void {
    if (!isSameGrid(grid, this.#grid)) this.#begin(grid)
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

  #begin(grid: TokenGrid): void {
    this.#grid = grid
    this.#cellSize = fitCanvas(this.#canvas, grid, this.#resolution)
    this.#target = new Float32Array(sizeOf(grid))
    this.#current = new Float32Array(sizeOf(grid))
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height)
  }

  readonly #animate = (now: number) => {
    const share = 1 - Math.exp((this.#paintTime - now) / EASE_MILLISECONDS)
    this.#paintTime = now
    this.#readColours()
    let isChanging = false
    for (let cell = 0; cell < this.#current.length; cell++) {
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
    for (let cell = 0; cell < this.#current.length; cell++) this.#paint(cell)
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
    const [row, column] = rowAndColumn(cell, this.#grid)
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
    context.arc(x + side / 2, y + side / 2, this.#radius * side * size, 0, 2 * Math.PI)
    context.fill()
  }
}
