import { effect, untracked } from '@preact/signals-core'
import { titleOf } from '../picture/titles'
import type { Print } from './batch'
import { Dots } from './dots'
import { element } from './element'
import { PictureView } from './picture_view'

/** Pixels of a cell's dots: a sharp 16×16 at the size that 16 pictures have on a large screen. */
const RESOLUTION = 256
const RADIUS = 0.3

const grid = element('grid', HTMLFieldSetElement)
/** Made when first needed, then used again for every sheet. */
const cells: Cell[] = []
let open: (index: number) => void = () => {}

/** A button with a print in it. */
class Cell {
  readonly button = document.createElement('button')
  readonly #view: PictureView
  #leave = () => {}

  constructor(index: number) {
    const [picture, dots] = [document.createElement('canvas'), document.createElement('canvas')]
    picture.width = picture.height = 128
    picture.className = 'picture'
    dots.className = 'dots'
    this.#view = new PictureView(picture, new Dots(dots, RESOLUTION, RADIUS))
    this.button.type = 'button'
    this.button.dataset.testid = `cell-${index}`
    this.button.append(picture, dots)
    this.button.addEventListener('click', () => open(index))
    this.button.addEventListener('keydown', (event) => moveFocus(event, index))
  }

  show(print: Print, place: string): void {
    this.#leave()
    this.#leave = effect(() => {
      const settings = print.picture.value?.settings
      this.button.ariaLabel = settings
        ? `${place}: ${titleOf(settings)}, seed ${settings.seed}`
        : `${place}, not finished`
      this.button.classList.toggle('finished', settings !== undefined)
    })
    this.#view.show(print)
  }
}

/** Shows all prints side by side, in a square. */
export function showGrid(prints: readonly Print[]): void {
  while (cells.length < prints.length) cells.push(new Cell(cells.length))
  const shown = cells.slice(0, prints.length)
  untracked(() => {
    for (const [i, cell] of shown.entries()) cell.show(prints[i]!, `Picture ${i + 1} of ${prints.length}`)
  })
  grid.replaceChildren(...shown.map((cell) => cell.button))
  grid.dataset.columns = String(columnsOf(prints.length))
  grid.ariaLabel = `${prints.length} pictures`
}

export function onOpen(listener: (index: number) => void): void {
  open = listener
}

export function focusCell(index: number): void {
  cells[index]?.button.focus()
}

function columnsOf(count: number): number {
  return Math.ceil(Math.sqrt(count))
}

/** Arrow keys go from cell to cell, for those who do not want to press Tab sixteen times. */
function moveFocus(event: KeyboardEvent, index: number): void {
  const columns = Number(grid.dataset.columns)
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key]
  const next = step === undefined ? undefined : grid.children[index + step]
  if (!(next instanceof HTMLElement)) return
  event.preventDefault()
  next.focus()
}
