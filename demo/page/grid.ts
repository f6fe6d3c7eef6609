import { effect, untracked } from '@preact/signals-core'
import { titleOf } from '../picture/titles'
import type { Batch, BatchItem } from './batch'
import { Dots } from './dots'
import { element } from './element'
import { onKey } from './keys'
import { PictureView } from './picture_view'

/** Pixels of the dots' canvas: sharp at the size of one of 16 pictures on a large screen. */
const DOTS_RESOLUTION = 256
/** In cells; larger than in the large view, because the cells are smaller. */
const DOT_RADIUS = 0.3

const grid = element('grid', HTMLFieldSetElement)
/** Created when first needed, and reused by later batches. */
const tiles: Tile[] = []
let openItem: (index: number) => void = () => {}

/** A button that shows one item of the batch. */
class Tile {
  readonly button = document.createElement('button')
  readonly #view: PictureView
  readonly #label = document.createElement('span')
  #stopFollowing = () => {}

  constructor(index: number) {
    const [picture, dots] = [document.createElement('canvas'), document.createElement('canvas')]
    picture.className = 'picture'
    dots.className = 'dots'
    this.#view = new PictureView(picture, new Dots(dots, DOTS_RESOLUTION, DOT_RADIUS))
    this.button.type = 'button'
    this.button.dataset.testid = `cell-${index}`
    this.#label.className = 'label'
    this.button.append(picture, dots, this.#label)
    this.button.addEventListener('click', () => openItem(index))
    onKey(this.button, (event) => moveFocus(event, index))
  }

  show(item: BatchItem, position: string, label = ''): void {
    this.#label.textContent = label
    this.#stopFollowing()
    this.#stopFollowing = effect(() => {
      const { settings, unfinished } = item.picture.value ?? { unfinished: true }
      const title = settings && `${label || titleOf(settings)}, seed ${settings.seed}`
      const name = [position, title ?? label].filter(Boolean).join(': ')
      this.button.ariaLabel = unfinished ? `${name}, not finished` : name
      this.button.classList.toggle('finished', !unfinished)
    })
    this.#view.show(item)
  }
}

/** Shows all items of a batch in a square grid. */
export function showGrid({ items, labels }: Pick<Batch, 'items' | 'labels'>): void {
  while (tiles.length < items.length) tiles.push(new Tile(tiles.length))
  const shown = tiles.slice(0, items.length)
  // First, since dots have the colours of the document. Children that are the same keep the focus.
  if (grid.children.length !== shown.length) grid.replaceChildren(...shown.map((tile) => tile.button))
  untracked(() => {
    for (const [i, tile] of shown.entries()) tile.show(items[i]!, positionOf(i, items.length), labels?.[i])
  })
  grid.classList.toggle('labelled', labels !== undefined)
  grid.dataset.columns = String(Math.ceil(Math.sqrt(items.length)))
  grid.ariaLabel = `${items.length} pictures`
}

/** “Picture 2 of 9”. */
export function positionOf(index: number, count: number): string {
  return `Picture ${index + 1} of ${count}`
}

/** Sets the listener for clicks on a tile. */
export function onOpen(listener: (index: number) => void): void {
  openItem = listener
}

export function focusTile(index: number): void {
  tiles[index]?.button.focus()
}

/** Arrow keys move the focus from tile to tile. */
function moveFocus(event: KeyboardEvent, index: number): void {
  const columns = Number(grid.dataset.columns)
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key]
  const next = step === undefined ? undefined : grid.children[index + step]
  if (!(next instanceof HTMLElement)) return
  event.preventDefault()
  next.focus()
}
