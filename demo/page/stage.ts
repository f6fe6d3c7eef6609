import { effect, untracked } from '@preact/signals-core'
import { titleOf } from '../picture/titles'
import { announce } from './announce'
import { Dots } from './dots'
import { element } from './element'
import { focusCell, onOpen, showGrid } from './grid'
import { PictureView } from './picture_view'
import { brushing, mask, selectedPicture, selectedPrint, sheet } from './state'

/** Pixels of the large view's dots. */
const RESOLUTION = 768
const RADIUS = 0.19

const stage = element('stage', HTMLElement)
const grid = element('grid', HTMLElement)
const large = element('large', HTMLElement)
const canvas = element('canvas', HTMLCanvasElement)
const title = element('title', HTMLElement)
const pager = element('pager', HTMLElement)
const place = element('place', HTMLElement)
const hint = element('hint', HTMLElement)
const back = element('back', HTMLButtonElement)

const dots = new Dots(element('dots', HTMLCanvasElement), RESOLUTION, RADIUS)
const view = new PictureView(canvas, dots, () => (brushing.value ? mask.value : undefined))

/** Opens a print of the sheet; undefined goes back to all of them. */
function select(index: number | undefined): void {
  const { selected, prints } = sheet.peek()
  const before = selected.peek()
  selected.value = index
  if (index !== undefined) {
    back.focus()
    announce(`${placeOf(index, prints.length)}, opened.`)
  } else if (before !== undefined) focusCell(before)
}

function turn(by: number): void {
  const { selected, prints } = sheet.peek()
  selected.value = (selected.peek()! + by + prints.length) % prints.length
  announce(placeOf(selected.peek()!, prints.length))
}

function placeOf(index: number, count: number): string {
  return `Picture ${index + 1} of ${count}`
}

/** Shows what `sheet` says: all of its pictures, or one of them. */
export function startStage(): void {
  effect(() => {
    const { prints, selected } = sheet.value
    const index = selected.value
    const several = prints.length > 1
    grid.hidden = index !== undefined
    large.hidden = index === undefined
    pager.hidden = index === undefined || !several
    title.hidden = !pager.hidden
    untracked(() => {
      if (index === undefined) showGrid(prints)
      else view.show(prints[index]!)
    })
    const seed = selectedPicture.value?.settings.seed
    place.textContent = `${(index ?? 0) + 1} of ${prints.length}${seed === undefined ? '' : ` · seed ${seed}`}`
  })

  effect(() => {
    const print = selectedPrint.value
    const picture = selectedPicture.value
    const { prints, title: named } = sheet.value
    title.textContent = prints.length > 1 ? `${prints.length} × ${named}` : named
    canvas.ariaLabel = picture ? titleOf(picture.settings) : print?.bitmap.value ? 'Not finished' : 'Nothing drawn yet'
    stage.classList.toggle('finished', picture !== undefined)
    stage.classList.toggle('resting', print !== undefined && !print.bitmap.value && sheet.value.course === undefined)
  })

  effect(() => {
    const { prints, selected } = sheet.value
    hint.hidden = selected.value !== undefined || !prints.every(({ picture }) => picture.value)
  })

  onOpen(select)
  back.addEventListener('click', () => select(undefined))
  element('previous', HTMLButtonElement).addEventListener('click', () => turn(-1))
  element('next', HTMLButtonElement).addEventListener('click', () => turn(1))
  document.addEventListener('keydown', ({ key, defaultPrevented }) => {
    if (key === 'Escape' && !defaultPrevented && !brushing.peek() && !pager.hidden) select(undefined)
  })
}
