import { computed, effect, signal } from '@preact/signals-core'
import { STICKERS } from '../model/stickers'
import { copyPicture } from '../picture/clipboard'
import { saveFile } from '../picture/save_file'
import { SCALES, type StickerOptions, savedSize } from '../picture/sticker'
import { type FinishedPicture, pngOf, sheetOf, zipOf } from '../picture/sticker_files'
import { fileNameOf } from '../picture/titles'
import { element } from './element'
import { announce, say, sayError } from './messages'
import { model } from './model'
import { startPopover } from './popover'
import { busy, selectedItem, shownBatch } from './state'

/** Where the browser keeps the options for the next visit. */
const STORAGE_KEY = 'vq-diffusion-webgpu saving'

/** They are kept as the size of a sticker, in pixels. */
const STICKER_SIDE = STICKERS.picture.width

const panel = element('save-menu', HTMLElement)
const sizes = element('save-size', HTMLFieldSetElement)
const edge = element('save-edge', HTMLInputElement)
const menu = element('save-options', HTMLButtonElement)
const saveAll = element('save-all', HTMLElement)

const options = signal<StickerOptions>(readOptions())

/** All finished pictures of the batch, and those that are shown. */
const finished = computed(() => shownBatch.value.items.flatMap((item) => finishedOf(item)))
const shown = computed(() => {
  const item = selectedItem.value
  return item ? finishedOf(item) : finished.value
})

function finishedOf({ picture, bitmap }: (typeof shownBatch.value.items)[number]): FinishedPicture[] {
  return picture.value && bitmap.value ? [{ picture: picture.value, bitmap: bitmap.value }] : []
}

/** Save and Copy, of the picture that is shown large or of the whole grid, and the menu of their options. */
export function startSaving(): void {
  for (const [id, act] of Object.entries({ save, copy, 'save-sheet': saveSheet, 'save-zip': saveZip })) {
    const button = element(id, HTMLButtonElement)
    button.addEventListener('click', () => act().catch((error: Error) => sayError(error.message)))
    effect(() => {
      button.disabled = busy.value || shown.value.length === 0
    })
  }
  effect(() => {
    const count = finished.value.length
    saveAll.hidden = count < 2
    element('save-sheet', HTMLButtonElement).textContent = `Save all ${count} as one picture`
    element('save-zip', HTMLButtonElement).textContent = `Save all ${count} as a zip`
  })

  startPopover(menu, panel)
  effect(() => {
    const { scale, edge: hasEdge } = options.value
    const { picture, hasAlpha } = model.value
    const [first] = SCALES
    for (const [i, input] of sizes.querySelectorAll('input').entries()) {
      const { width, height } = savedSize(picture, SCALES[i] ?? first)
      input.checked = SCALES[i] === scale
      input.nextElementSibling!.textContent = String(Math.max(width, height))
    }
    sizes.querySelector('legend')!.textContent =
      picture.width === picture.height ? 'Width and height in pixels' : 'Longer side in pixels'
    edge.checked = hasEdge
    edge.parentElement!.hidden = !hasAlpha
    const { width, height } = savedSize(picture, scale)
    const withEdge = hasAlpha && hasEdge ? ' with a white edge' : ''
    menu.ariaLabel = `What Save and Copy give: ${width} × ${height}${withEdge}`
  })
  panel.addEventListener('change', () => {
    const chosen = [...sizes.querySelectorAll('input')].findIndex(({ checked }) => checked)
    options.value = { scale: SCALES[chosen]!, edge: edge.checked }
    try {
      localStorage.setItem(
        STORAGE_KEY,
        JSON.stringify({ size: STICKER_SIDE * options.value.scale, edge: edge.checked }),
      )
    } catch {
      // The browser refuses storage: they are kept as long as the page.
    }
  })
}

function readOptions(): StickerOptions {
  try {
    const { size, edge } = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}') as { size?: number; edge?: boolean }
    return { scale: SCALES.find((scale) => STICKER_SIDE * scale === size) ?? 4, edge: edge !== false }
  } catch {
    return { scale: 4, edge: true }
  }
}

/** Pictures without transparent pixels have no edge to draw. */
function used(): StickerOptions {
  const { scale, edge } = options.peek()
  return { scale, edge: edge && model.peek().hasAlpha }
}

async function save(): Promise<void> {
  const [only, ...others] = shown.peek()
  if (others.length > 0) return saveSheet()
  saveFile(await pngOf(only!, used()), `${fileNameOf(only!.picture.settings, only!.picture.unfinished)}.png`)
  announce('The picture is saved.')
}

async function copy(): Promise<void> {
  const [only, ...others] = shown.peek()
  const isSheet = others.length > 0
  await copyPicture(isSheet ? sheetOf(shown.peek(), used()) : pngOf(only!, used()))
  say(isSheet ? 'All pictures are in the clipboard, as one.' : 'The picture is in the clipboard.')
}

async function saveSheet(): Promise<void> {
  saveFile(await sheetOf(finished.peek(), used()), `${nameOfAll()}.png`)
  announce('All pictures are saved as one.')
}

async function saveZip(): Promise<void> {
  saveFile(await zipOf(finished.peek(), used()), `${nameOfAll()}.zip`)
  announce('All pictures are saved in a zip.')
}

/** “red-heart-3d-7-and-3-more” */
function nameOfAll(): string {
  const [first, ...others] = finished.peek()
  return `${fileNameOf(first!.picture.settings)}-and-${others.length}-more`
}
