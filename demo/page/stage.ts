import { effect, untracked } from '@preact/signals-core'
import { titleOf } from '../picture/titles'
import { type Batch, isFinished } from './batch'
import { goBackTo, openInEntry } from './browser_history'
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
const itemTitle = element('item-title', HTMLElement)
const place = element('place', HTMLElement)
const hint = element('hint', HTMLElement)
const back = element('back', HTMLButtonElement)

const dots = new Dots(element('dots', HTMLCanvasElement), DOTS_RESOLUTION, DOT_RADIUS)
const view = new PictureView(canvas, dots, () => (brushing.value ? mask.value : undefined))

/** Shows one item large; undefined shows the grid. */
function select(index: number | undefined): void {
  const { selected, items } = shownBatch.peek()
  if (index === undefined) {
    if (!goBackTo(shownBatch.peek(), undefined)) selected.value = undefined
    return
  }
  openInEntry(() => {
    selected.value = index
  })
  back.focus()
  announce(`${positionOf(index, items.length)}, opened.`)
}

/** Shows the item `offset` places after the selected one, cyclically. */
function selectBy(offset: number): void {
  const { selected, items } = shownBatch.peek()
  selected.value = (selected.peek()! + offset + items.length) % items.length
  announce(positionOf(selected.peek()!, items.length))
}

/** Shows the batch: all items in a grid, or one item large. */
export function startStage(): void {
  // First, since dots have the colours of the document.
  effect(() => {
    const item = selectedItem.value
    const picture = selectedPicture.value
    title.textContent = shownBatch.value.title
    const isDrawn = picture !== undefined && !picture.unfinished
    const unfinished = picture ? `${titleOf(picture.settings)}, not finished` : 'Not finished'
    if (isDrawn) canvas.ariaLabel = titleOf(picture.settings)
    else canvas.ariaLabel = item?.bitmap.value ? unfinished : 'Nothing drawn yet'
    stage.classList.toggle('finished', isDrawn)
    stage.classList.toggle('placeholder', item !== undefined && !item.bitmap.value && item.record === undefined)
  })

  let previous: { batch: Batch; index: number | undefined } | undefined
  effect(() => {
    const { items, selected } = shownBatch.value
    const index = selected.value
    grid.hidden = index !== undefined
    large.hidden = index === undefined
    pager.hidden = index === undefined || items.length === 1
    title.hidden = !pager.hidden
    untracked(() => {
      if (index === undefined) showGrid(shownBatch.peek())
      else view.show(items[index]!)
    })
    // Its button is hidden now.
    const closed = previous?.batch === shownBatch.value && index === undefined ? previous.index : undefined
    if (closed !== undefined) focusTile(closed)
    previous = { batch: shownBatch.value, index }
    const settings = selectedPicture.value?.settings
    itemTitle.textContent = settings ? titleOf(settings) : shownBatch.value.title
    place.textContent = `${(index ?? 0) + 1} of ${items.length}${settings ? ` · seed ${settings.seed}` : ''}`
  })

  effect(() => {
    hint.hidden = shownBatch.value.selected.value !== undefined || !isFinished(shownBatch.value)
  })

  onOpen(select)
  back.addEventListener('click', () => select(undefined))
  element('previous', HTMLButtonElement).addEventListener('click', () => selectBy(-1))
  element('next', HTMLButtonElement).addEventListener('click', () => selectBy(1))
  onKey(document, ({ key, target, defaultPrevented, altKey, ctrlKey, metaKey, shiftKey }) => {
    if (defaultPrevented || brushing.peek() || pager.hidden) return
    // Alt and an arrow go back in the browser's history.
    const isPlain = !(altKey || ctrlKey || metaKey || shiftKey)
    const isForField = target instanceof HTMLInputElement || target instanceof HTMLSelectElement
    if (key === 'Escape') select(undefined)
    else if (key === 'ArrowLeft' && isPlain && !isForField) selectBy(-1)
    else if (key === 'ArrowRight' && isPlain && !isForField) selectBy(1)
  })
}
