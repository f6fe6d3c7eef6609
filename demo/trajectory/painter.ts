import { STICKERS } from '../model/stickers'
import { rowAndColumn } from '../picture/cells'
import { classColour, rampColour } from './colours'
import { fitCanvas } from './fit_canvas'
import { DECIDED, REPLACED, type Snapshot } from './trajectory'

/** What the view shows of a snapshot. */
export type ViewMode = 'preview' | 'tokens' | 'changes' | 'entropy'

/** Radius of the dot on a masked cell, in cells. */
const DOT_RADIUS = 0.18
/** Of the longer side of the canvas, in pixels. */
const RESOLUTION = 512

/** Paints snapshots on a canvas. Colours are its CSS properties `--dot`, `--line`, `--decided` and `--replaced`. */
export class Painter {
  readonly #context: CanvasRenderingContext2D
  #grid = STICKERS.grid
  #cellSize = 0
  #colour = (_property: string) => ''

  /** @param canvas gets as many pixels as fit the grid */
  constructor(canvas: HTMLCanvasElement) {
    this.#context = canvas.getContext('2d')!
  }

  /**
   * @param picture the decoded preview, if there is one
   * @param maxEntropy end of the entropy map's scale, in nats
   */
  paint(mode: ViewMode, snapshot: Snapshot | undefined, picture: ImageBitmap | undefined, maxEntropy: number): void {
    const { canvas } = this.#context
    const style = getComputedStyle(canvas)
    this.#colour = (property) => style.getPropertyValue(property)
    this.#context.clearRect(0, 0, canvas.width, canvas.height)
    if (!snapshot) return
    this.#grid = snapshot.grid
    this.#cellSize = fitCanvas(canvas, snapshot.grid, RESOLUTION)
    if (mode === 'preview') this.#paintPreview(snapshot, picture)
    else if (mode === 'tokens') this.#paintTokens(snapshot)
    else if (mode === 'changes') this.#paintChanges(snapshot)
    else this.#paintEntropy(snapshot, maxEntropy)
  }

  #paintPreview({ tokens, grid }: Snapshot, picture: ImageBitmap | undefined): void {
    const { canvas } = this.#context
    this.#context.imageSmoothingQuality = 'high'
    if (picture) this.#context.drawImage(picture, 0, 0, canvas.width, canvas.height)
    for (const [cell, token] of tokens.entries()) if (token === grid.numCodes) this.#dot(cell)
  }

  #paintTokens({ tokens, grid }: Snapshot): void {
    for (const [cell, token] of tokens.entries()) {
      if (token === grid.numCodes) this.#dot(cell)
      else this.#square(cell, classColour(token))
    }
  }

  /** Each kind of change has its own shape, for readers who cannot tell the colours apart. */
  #paintChanges({ tokens, changes, grid }: Snapshot): void {
    for (const [cell, change] of changes.entries()) {
      if (change === DECIDED) this.#square(cell, this.#colour('--decided'), 0.06)
      else if (change === REPLACED) this.#diamond(cell, this.#colour('--replaced'))
      else if (tokens[cell] === grid.numCodes) this.#dot(cell)
      else this.#square(cell, this.#colour('--line'), 0.06)
    }
  }

  #paintEntropy({ entropy, tokens }: Snapshot, maxEntropy: number): void {
    for (const cell of tokens.keys()) {
      if (entropy) this.#square(cell, rampColour(maxEntropy > 0 ? entropy[cell]! / maxEntropy : 0))
      else this.#dot(cell)
    }
  }

  #square(cell: number, colour: string, margin = 0): void {
    const [x, y] = this.#corner(cell)
    const inset = margin * this.#cellSize
    this.#context.fillStyle = colour
    this.#context.fillRect(x + inset, y + inset, this.#cellSize - 2 * inset, this.#cellSize - 2 * inset)
  }

  #diamond(cell: number, colour: string): void {
    const [x, y] = this.#corner(cell)
    const half = this.#cellSize / 2
    this.#context.fillStyle = colour
    this.#context.beginPath()
    for (const [dx, dy] of [
      [0, -1],
      [1, 0],
      [0, 1],
      [-1, 0],
    ] as const) {
      this.#context.lineTo(x + half * (1 + 0.92 * dx), y + half * (1 + 0.92 * dy))
    }
    this.#context.fill()
  }

  #dot(cell: number): void {
    const [x, y] = this.#corner(cell)
    const half = this.#cellSize / 2
    this.#context.fillStyle = this.#colour('--dot')
    this.#context.beginPath()
    this.#context.arc(x + half, y + half, DOT_RADIUS * this.#cellSize, 0, 2 * Math.PI)
    this.#context.fill()
  }

  #corner(cell: number): [x: number, y: number] {
    const [row, column] = rowAndColumn(cell, this.#grid)
    return [column * this.#cellSize, row * this.#cellSize]
  }
}
