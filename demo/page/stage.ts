import { effect, untracked } from '@preact/signals-core'
import { titleOf } from '../picture/titles'
import { Dots } from './dots'
import { element } from './element'
import { focusTile, onOpen, positionOf, showGrid } from './grid'
import { onKey } from './keys'
import { announce } from './messages'
import { PictureView } from './picture_view'
import { brushing, mask, selectedItem, selectedPicture, shownBatch } from './state'

/** Pixels of the dots' canvas in the large view. */
const DOTS_RESOLUTION = 768
/** In cells. */
const DOT_RADIUS = 0.19

const stage = element('stage', HTMLElement)
const grid = element('grid', HTMLElement)
const large = element('large', HTMLElement)
const canvas = element('canvas', HTMLCanvasElement)
const title = element('title', HTMLElement)
const pager = element('pager', HTMLElement)
const place = element('place', HTMLElement)
const hint = element('hint', HTMLElement)
const back = element('back', HTMLButtonElement)

const dots = new Dots(element('dots', HTMLCanvasElement), DOTS_RESOLUTION, DOT_RADIUS)
const view = new PictureView(canvas, dots, () => (brushing.value ? mask.value : undefined))

/** Shows one item large; undefined shows the grid. */
function select(index: number | undefined): void {
  const { selected, items } = shownBatch.peek()
  const previous = selected.peek()
  selected.value = index
  if (index !== undefined) {
    back.focus()
    announce(`${positionOf(index, items.length)}, opened.`)
  } else if (previous !== undefined) focusTile(previous)
}

/** Shows the item `offset` places after the selected one, cyclically. */
function selectBy(offset: number): void {
  const { selected, items } = shownBatch.peek()
  selected.value = (selected.peek()! + offset + items.length) % items.length
  announce(positionOf(selected.peek()!, items.length))
}

/** Shows the batch: all items in a grid, or one item large. */
export function startStage(): void {
  effect(() => {
    const { items, selected } = shownBatch.value
    const index = selected.value
    grid.hidden = index !== undefined
    large.hidden = index === undefined
    pager.hidden = index === undefined || items.length === 1
    title.hidden = !pager.hidden
    untracked(() => {
      if (index === undefined) showGrid(items)
      else view.show(items[index]!)
    })
    const seed = selectedPicture.value?.settings.seed
    place.textContent = `${(index ?? 0) + 1} of ${items.length}${seed === undefined ? '' : ` · seed ${seed}`}`
  })

  effect(() => {
    const item = selectedItem.value
    const picture = selectedPicture.value
    title.textContent = shownBatch.value.title
    canvas.ariaLabel = picture ? titleOf(picture.settings) : item?.bitmap.value ? 'Not finished' : 'Nothing drawn yet'
    stage.classList.toggle('finished', picture !== undefined)
    stage.classList.toggle('placeholder', item !== undefined && !item.bitmap.value && item.record === undefined)
  })

  effect(() => {
    const { items, selected } = shownBatch.value
    hint.hidden = selected.value !== undefined || !items.every(({ picture }) => picture.value)
  })

  onOpen(select)
  back.addEventListener('click', () => select(undefined))
  element('previous', HTMLButtonElement).addEventListener('click', () => selectBy(-1))
  element('next', HTMLButtonElement).addEventListener('click', () => selectBy(1))
  onKey(document, ({ key, defaultPrevented }) => {
    if (key === 'Escape' && !defaultPrevented && !brushing.peek() && !pager.hidden) select(undefined)
  })
}
