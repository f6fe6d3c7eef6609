import { effect, signal } from '@preact/signals-core'
import {
  cellAt,
  cellsAround,
  cellsBetween,
  countCells,
  emptyMask,
  inverted,
  middleCell,
  rowAndColumn,
  withCells,
} from '../picture/cells'
import { element } from './element'
import { onKey } from './keys'
import { announce, showMessage } from './messages'
import { model } from './model'
import { brushing, busy, mask, selectedPicture } from './state'

const toggle = element('mask-brush', HTMLButtonElement)
const surface = element('brush', HTMLElement)
const cursor = element('cursor', HTMLElement)
const pictureActions = element('picture-actions', HTMLElement)
const brushActions = element('brush-actions', HTMLElement)
const sizeButton = element('brush-size', HTMLButtonElement)
const repaint = element('repaint', HTMLButtonElement)

/** Cells along a side of the brush. */
const SIZES = [1, 3, 5] as const
const size = signal<(typeof SIZES)[number]>(3)

/** The cell of the cursor. */
let cursorCell = 0
/** While the pointer is down: its last cell, and whether it marks or unmarks. */
let stroke: { last: number; marks: boolean } | undefined

function activate(): void {
  brushing.value = true
  const asked = { text: ', under the prompt as it is now', class: ', as the class that is chosen now', none: '' }
  showMessage(`Brush over what should be drawn again${asked[model.peek().condition]}.`)
  surface.focus({ preventScroll: true })
}

function deactivate(): void {
  brushing.value = false
  showMessage('')
  toggle.focus({ preventScroll: true })
}

function cellUnder({ clientX, clientY }: PointerEvent): number {
  const { left, top, width, height } = surface.getBoundingClientRect()
  return cellAt((clientX - left) / width, (clientY - top) / height, model.peek().grid)
}

function moveCursor(row: number, column: number): void {
  const { height, width } = model.peek().grid
  if (row < 0 || column < 0 || row >= height || column >= width) return
  setCursor(row * width + column)
  announce(describe(cursorCell))
}

function setCursor(cell: number): void {
  cursorCell = cell
  const [row, column] = rowAndColumn(cell, model.peek().grid)
  cursor.style.setProperty('--row', String(row))
  cursor.style.setProperty('--column', String(column))
}

function describe(cell: number): string {
  const [row, column] = rowAndColumn(cell, model.peek().grid)
  const place = `row ${row + 1}, column ${column + 1}`
  return mask.peek()[cell] === 1 ? `${place}, marked` : place
}

/** Marks or unmarks what the brush covers on these cells. */
function mark(cells: number[], marked: boolean): void {
  setCursor(cells.at(-1)!)
  const covered = cells.flatMap((cell) => cellsAround(cell, size.peek(), model.peek().grid))
  mask.value = withCells(mask.peek(), covered, marked)
}

function setSize(next: (typeof SIZES)[number]): void {
  size.value = next
  announce(`The brush covers ${next} × ${next} cells.`)
}

/** The brush that marks cells to repaint, for mouse, touch and keyboard. */
export function startBrush(): void {
  surface.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    const cell = cellUnder(event)
    stroke = { last: cell, marks: mask.peek()[cell] === 0 }
    surface.setPointerCapture(event.pointerId)
    mark([cell], stroke.marks)
  })
  surface.addEventListener('pointermove', (event) => {
    const cell = cellUnder(event)
    if (stroke === undefined) setCursor(cell)
    if (stroke === undefined || cell === stroke.last) return
    mark(cellsBetween(stroke.last, cell, model.peek().grid), stroke.marks)
    stroke.last = cell
  })
  for (const end of ['pointerup', 'pointercancel'] as const) {
    surface.addEventListener(end, () => {
      stroke = undefined
    })
  }

  onKey(surface, (event) => {
    const [row, column] = rowAndColumn(cursorCell, model.peek().grid)
    const pressedSize = SIZES.find((size) => event.key === String(size))
    if (event.key === 'ArrowUp') moveCursor(row - 1, column)
    else if (event.key === 'ArrowDown') moveCursor(row + 1, column)
    else if (event.key === 'ArrowLeft') moveCursor(row, column - 1)
    else if (event.key === 'ArrowRight') moveCursor(row, column + 1)
    else if (event.key === ' ') {
      mark([cursorCell], mask.peek()[cursorCell] === 0)
      announce(describe(cursorCell))
    } else if (pressedSize !== undefined) setSize(pressedSize)
    else if (event.key === 'Escape') deactivate()
    else return
    event.preventDefault()
  })

  toggle.addEventListener('click', () => (brushing.peek() ? deactivate() : activate()))
  element('clear-mask', HTMLButtonElement).addEventListener('click', () => {
    mask.value = emptyMask(model.peek().grid)
    announce('No cell is marked.')
  })
  sizeButton.addEventListener('click', () => setSize(SIZES[(SIZES.indexOf(size.peek()) + 1) % SIZES.length]!))
  element('invert-mask', HTMLButtonElement).addEventListener('click', () => {
    mask.value = inverted(mask.peek())
    announce(`${countCells(mask.peek())} cells are marked.`)
  })

  effect(() => {
    if (selectedPicture.value === undefined) brushing.value = false
    toggle.disabled = busy.value || selectedPicture.value === undefined
    toggle.ariaPressed = String(brushing.value)
    surface.hidden = !brushing.value
    brushActions.hidden = !brushing.value
    pictureActions.hidden = brushing.value
  })
  effect(() => {
    const text = `${size.value} × ${size.value}`
    sizeButton.querySelector('span')!.textContent = text
    sizeButton.ariaLabel = `Brush size: ${text} cells`
    for (const element of [sizeButton, cursor]) element.style.setProperty('--size', String(size.value))
  })
  effect(() => {
    repaint.disabled = countCells(mask.value) === 0
  })
  surface.tabIndex = 0
  effect(() => setCursor(middleCell(model.value.grid)))
}
