import { effect } from '@preact/signals-core'
import { cellAt, cellsBetween, countCells, inverted, noCells, withCells } from '../picture/mask'
import { SIDE } from '../worker/protocol'
import { announce } from './announce'
import { element } from './element'
import { showMessage } from './messages'
import { brushing, busy, mask, selectedPicture } from './state'

const toggle = element('mask-brush', HTMLButtonElement)
const surface = element('brush', HTMLElement)
const cursor = element('cursor', HTMLElement)
const pictureActions = element('picture-actions', HTMLElement)
const brushActions = element('brush-actions', HTMLElement)
const repaint = element('repaint', HTMLButtonElement)

/** Where the keyboard's cursor is. */
let at = (SIDE * SIDE) / 2 + SIDE / 2
/** While the pointer is down: the cell it was on, and whether it marks or unmarks. */
let stroke: { last: number; marks: boolean } | undefined

function takeOut(): void {
  brushing.value = true
  showMessage('Brush over what should be drawn again, under the prompt as it is now.')
  surface.focus({ preventScroll: true })
}

function putAway(): void {
  brushing.value = false
  showMessage('')
  toggle.focus({ preventScroll: true })
}

function cellUnder({ clientX, clientY }: PointerEvent): number {
  const { left, top, width, height } = surface.getBoundingClientRect()
  return cellAt((clientX - left) / width, (clientY - top) / height)
}

function move(row: number, column: number): void {
  if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) return
  at = row * SIDE + column
  placeCursor()
  announce(describe(at))
}

function placeCursor(): void {
  cursor.style.setProperty('--row', String(Math.floor(at / SIDE)))
  cursor.style.setProperty('--column', String(at % SIDE))
}

function describe(cell: number): string {
  const place = `row ${Math.floor(cell / SIDE) + 1}, column ${(cell % SIDE) + 1}`
  return mask.peek()[cell] === 1 ? `${place}, marked` : place
}

function mark(cells: number[], marked: boolean): void {
  at = cells.at(-1)!
  placeCursor()
  mask.value = withCells(mask.peek(), cells, marked)
}

/** The brush that marks cells to be drawn again, for pointers, fingers and keys. */
export function startBrush(): void {
  surface.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    const cell = cellUnder(event)
    stroke = { last: cell, marks: mask.peek()[cell] === 0 }
    surface.setPointerCapture(event.pointerId)
    mark([cell], stroke.marks)
  })
  surface.addEventListener('pointermove', (event) => {
    if (stroke === undefined) return
    const cell = cellUnder(event)
    if (cell === stroke.last) return
    mark(cellsBetween(stroke.last, cell), stroke.marks)
    stroke.last = cell
  })
  for (const end of ['pointerup', 'pointercancel'] as const) {
    surface.addEventListener(end, () => {
      stroke = undefined
    })
  }

  surface.addEventListener('keydown', (event) => {
    const [row, column] = [Math.floor(at / SIDE), at % SIDE]
    if (event.key === 'ArrowUp') move(row - 1, column)
    else if (event.key === 'ArrowDown') move(row + 1, column)
    else if (event.key === 'ArrowLeft') move(row, column - 1)
    else if (event.key === 'ArrowRight') move(row, column + 1)
    else if (event.key === ' ') {
      mark([at], mask.peek()[at] === 0)
      announce(describe(at))
    } else if (event.key === 'Escape') putAway()
    else return
    event.preventDefault()
  })

  toggle.addEventListener('click', () => (brushing.peek() ? putAway() : takeOut()))
  element('clear-mask', HTMLButtonElement).addEventListener('click', () => {
    mask.value = noCells
    announce('No cell is marked.')
  })
  element('invert-mask', HTMLButtonElement).addEventListener('click', () => {
    mask.value = inverted(mask.peek())
    announce(`${countCells(mask.peek())} cells are marked.`)
  })

  effect(() => {
    // The brush works on the picture that is seen large.
    if (selectedPicture.value === undefined) brushing.value = false
    toggle.disabled = busy.value || selectedPicture.value === undefined
    toggle.ariaPressed = String(brushing.value)
    surface.hidden = !brushing.value
    brushActions.hidden = !brushing.value
    pictureActions.hidden = brushing.value
  })
  effect(() => {
    repaint.disabled = countCells(mask.value) === 0
  })
  surface.tabIndex = 0
  placeCursor()
}
