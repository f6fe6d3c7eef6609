import { MASK_CLASS, SIDE } from '../worker/protocol'
import { codeColour, rampColour } from './colours'
import { DECIDED, type Moment, REPLACED } from './trajectory'

/** What can be shown of a moment. */
export type What = 'preview' | 'tokens' | 'changes' | 'entropy'

/** Radius of the dot on a masked cell, in cells; the same all over the page. */
const DOT = 0.18

/** Paints a moment over the whole canvas; its colours are the properties `--dot`, `--line`, `--decided`, `--replaced`. */
export class Painter {
  readonly #context: CanvasRenderingContext2D
  readonly #cell: number
  #ink = (_property: string) => ''

  /** `canvas` is square, its side a multiple of 16. */
  constructor(canvas: HTMLCanvasElement) {
    this.#context = canvas.getContext('2d')!
    this.#cell = canvas.width / SIDE
  }

  /**
   * @param picture the decoded preview, when there is one
   * @param highestEntropy end of the entropy map's scale, in nats
   */
  paint(what: What, moment: Moment | undefined, picture: ImageBitmap | undefined, highestEntropy: number): void {
    const { canvas } = this.#context
    const style = getComputedStyle(canvas)
    this.#ink = (property) => style.getPropertyValue(property)
    this.#context.clearRect(0, 0, canvas.width, canvas.height)
    if (!moment) return
    if (what === 'preview') this.#paintPreview(moment, picture)
    else if (what === 'tokens') this.#paintTokens(moment)
    else if (what === 'changes') this.#paintChanges(moment)
    else this.#paintEntropy(moment, highestEntropy)
  }

  #paintPreview({ tokens }: Moment, picture: ImageBitmap | undefined): void {
    const { canvas } = this.#context
    this.#context.imageSmoothingQuality = 'high'
    if (picture) this.#context.drawImage(picture, 0, 0, canvas.width, canvas.height)
    for (const [cell, token] of tokens.entries()) if (token === MASK_CLASS) this.#dot(cell)
  }

  #paintTokens({ tokens }: Moment): void {
    for (const [cell, token] of tokens.entries()) {
      if (token === MASK_CLASS) this.#dot(cell)
      else this.#square(cell, codeColour(token))
    }
  }

  /** What changed differs in form from what did not, and the two ways to change from each other, not in colour alone. */
  #paintChanges({ tokens, changes }: Moment): void {
    for (const [cell, change] of changes.entries()) {
      if (change === DECIDED) this.#square(cell, this.#ink('--decided'), 0.06)
      else if (change === REPLACED) this.#diamond(cell, this.#ink('--replaced'))
      else if (tokens[cell] === MASK_CLASS) this.#dot(cell)
      else this.#square(cell, this.#ink('--line'), 0.06)
    }
  }

  #paintEntropy({ entropy, tokens }: Moment, highest: number): void {
    for (const cell of tokens.keys()) {
      if (entropy) this.#square(cell, rampColour(highest > 0 ? entropy[cell]! / highest : 0))
      else this.#dot(cell)
    }
  }

  #square(cell: number, colour: string, margin = 0): void {
    const [x, y] = this.#corner(cell)
    const inset = margin * this.#cell
    this.#context.fillStyle = colour
    this.#context.fillRect(x + inset, y + inset, this.#cell - 2 * inset, this.#cell - 2 * inset)
  }

  #diamond(cell: number, colour: string): void {
    const [x, y] = this.#corner(cell)
    const half = this.#cell / 2
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
    this.#context.fillStyle = this.#ink('--dot')
    this.#context.beginPath()
    this.#context.arc(x + this.#cell / 2, y + this.#cell / 2, DOT * this.#cell, 0, 2 * Math.PI)
    this.#context.fill()
  }

  #corner(cell: number): [x: number, y: number] {
    return [(cell % SIDE) * this.#cell, Math.floor(cell / SIDE) * this.#cell]
  }
}
