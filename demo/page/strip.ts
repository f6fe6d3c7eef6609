import { effect } from '@preact/signals-core'
import { formatCount } from '../format'
import { type Picture, sameTokens } from '../picture/picture'
import { readPictureRecord } from '../picture/picture_record'
import type { KeptPicture } from '../picture/picture_store'
import { titleOf } from '../picture/titles'
import type { BatchItem } from './batch'
import { openInEntry } from './browser_history'
import { element } from './element'
import { showAgain } from './follow'
import { keptPictures, putBack, removedPictures, removePictures } from './kept_pictures'
import { onKey } from './keys'
import { announce } from './messages'
import { model } from './model'
import { requestNext } from './next_request'
import { openPicture } from './open_picture'
import { history, shownBatch } from './state'

const list = element('strip-list', HTMLUListElement)
const empty = element('strip-empty', HTMLElement)
const removeAll = element('strip-remove-all', HTMLButtonElement)
const back = element('strip-put-back', HTMLButtonElement)

/** One picture of the strip: a button that opens it, and one that removes it. */
class Thumbnail {
  readonly item = document.createElement('li')
  readonly button = document.createElement('button')
  readonly #url: string

  constructor(kept: KeptPicture) {
    const image = document.createElement('img')
    const remove = document.createElement('button')
    this.#url = URL.createObjectURL(kept.thumbnail)
    image.src = this.#url
    image.alt = ''
    const name = nameOf(kept)
    this.button.type = 'button'
    this.button.title = name
    this.button.ariaLabel = name
    this.button.append(image)
    this.button.setAttribute('aria-describedby', 'strip-keys')
    this.button.addEventListener('click', () => openKept(kept))
    remove.type = 'button'
    remove.className = 'remove'
    remove.ariaLabel = `Remove ${name}`
    remove.title = 'Remove'
    // The Delete key does the same.
    remove.tabIndex = -1
    remove.innerHTML = '<svg aria-hidden="true"><use href="#icon-close" /></svg>'
    remove.addEventListener('click', () => this.#remove(kept))
    onKey(this.button, (event) => {
      if (event.key === 'Delete' || event.key === 'Backspace') this.#remove(kept)
      else if (event.key === 'ArrowLeft') focus(this.item.previousElementSibling)
      else if (event.key === 'ArrowRight') focus(this.item.nextElementSibling)
      else if (event.key === 'Home') focus(list.firstElementChild)
      else if (event.key === 'End') focus(list.lastElementChild)
      else return
      event.preventDefault()
    })
    this.item.append(this.button, remove)
  }

  release(): void {
    URL.revokeObjectURL(this.#url)
  }

  #remove(kept: KeptPicture): void {
    const next = this.item.nextElementSibling ?? this.item.previousElementSibling
    removePictures([kept])
    announce('Removed. It can be put back.')
    if (next) focus(next)
    else back.focus()
  }
}

/** By the ids of the pictures. */
const thumbnails = new Map<number, Thumbnail>()

/** One of them is reached by Tab, the others by arrow keys. */
function focus(item: Element | null): void {
  const button = item?.querySelector('button')
  if (!button) return
  for (const { button } of thumbnails.values()) button.tabIndex = -1
  button.tabIndex = 0
  button.focus()
}

function show(pictures: readonly KeptPicture[]): void {
  const ids = new Set(pictures.map(({ id }) => id))
  for (const [id, thumbnail] of thumbnails) {
    if (ids.has(id)) continue
    thumbnail.release()
    thumbnails.delete(id)
  }
  for (const picture of pictures) {
    if (!thumbnails.has(picture.id)) thumbnails.set(picture.id, new Thumbnail(picture))
  }
  const shown = pictures.map(({ id }) => thumbnails.get(id)!)
  // A picture that is moved in the document loses the focus, so those that stay are not.
  for (const [i, { item }] of shown.entries()) {
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null)
  }
  while (list.children.length > shown.length) list.lastElementChild!.remove()
  const reached = shown.find(({ button }) => button === document.activeElement) ?? shown[0]
  for (const { button } of shown) button.tabIndex = button === reached?.button ? 0 : -1
}

/** Opens a picture with its words: with its trajectory if it was drawn since the page was loaded. */
function openKept({ record }: KeptPicture): void {
  const picture = readPictureRecord(record, model.peek())
  const name = titleOf(picture.settings)
  requestNext(name, () => {
    const { past, present } = history.peek()
    const batch = [present, ...past.toReversed()].find(({ items }) => indexOf(items, picture) >= 0)
    if (batch === undefined) {
      openPicture(picture)
      return
    }
    const index = indexOf(batch.items, picture)
    if (batch === shownBatch.peek() && batch.selected.peek() === index) return
    openInEntry(() => {
      // Undo goes back to what was shown.
      if (batch !== present) history.value = history.peek().push(batch)
      showAgain(batch, index)
    })
    announce(`Opened: ${name}.`)
  })
}

function indexOf(items: readonly BatchItem[], { tokens, settings }: Picture): number {
  return items.findIndex(({ picture }) => {
    const other = picture.peek()
    return other?.settings.seed === settings.seed && sameTokens(other.tokens, tokens)
  })
}

function nameOf({ record }: KeptPicture): string {
  const { settings } = readPictureRecord(record, model.peek())
  return `${titleOf(settings)}, seed ${settings.seed}`
}

/** The strip of what was drawn in this browser. */
export function startStrip(): void {
  effect(() => {
    const pictures = keptPictures.value
    show(pictures)
    list.hidden = pictures.length === 0
    empty.hidden = pictures.length > 0
    removeAll.hidden = pictures.length === 0
  })
  effect(() => {
    const count = removedPictures.value.length
    back.hidden = count === 0
    back.ariaLabel = `Put back ${formatCount(count, 'picture')}`
  })
  removeAll.addEventListener('click', () => {
    const pictures = keptPictures.peek()
    removePictures(pictures)
    back.focus()
    announce(`${formatCount(pictures.length, 'picture')} removed. They can be put back.`)
  })
  back.addEventListener('click', () => {
    putBack()
    focus(list.firstElementChild)
    announce('Put back.')
  })
}
