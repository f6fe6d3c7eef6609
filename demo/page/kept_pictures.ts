import { computed, type ReadonlySignal, signal } from '@preact/signals-core'
import { isSameGrid } from '../model/model'
import { pictureRecord, readPictureRecord } from '../picture/picture_record'
import { type KeptPicture, PictureStore } from '../picture/picture_store'
import type { Batch } from './batch'
import { drawContained } from './draw_contained'
import { model } from './model'

/** Width and height of a thumbnail, sharp at half of it. */
const THUMBNAIL_PIXELS = 128
const MAX_PICTURES = 60

const store = new PictureStore(MAX_PICTURES)
const pictures = signal<readonly KeptPicture[]>([])
const removed = signal<readonly KeptPicture[]>([])
/** Tells the other tabs of a change. */
const channel = new BroadcastChannel('vq-diffusion-webgpu pictures')

/** What was drawn with models of this grid, the newest first. Where the browser refuses storage it is kept as long as the page. */
export const keptPictures: ReadonlySignal<readonly KeptPicture[]> = computed(() => {
  const { value } = model
  if (value.isUnknown) return []
  return pictures.value.filter(({ record }) => isSameGrid(readPictureRecord(record, value).grid, value.grid))
})

/** What was removed last, to be put back. */
export const removedPictures: ReadonlySignal<readonly KeptPicture[]> = removed

/** Reads what is kept, now and when another tab has changed it. */
export function startKeeping(): void {
  const read = async () => {
    pictures.value = (await store.all()).filter(isReadable)
  }
  channel.addEventListener('message', () => read().catch(() => {}))
  read().catch(() => {})
}

/** Keeps finished pictures. The same picture is kept once. */
export async function keepPictures(items: Batch['items']): Promise<void> {
  const time = Date.now()
  const added = await Promise.all(
    items.map(async ({ picture, bitmap }, i): Promise<KeptPicture> => {
      const record = pictureRecord(picture.peek()!)
      // The first of a batch comes first; another tab may add one in the same millisecond.
      const order = items.length - i + Math.random() / 2
      return { id: time + order / (items.length + 1), record, thumbnail: await thumbnailOf(bitmap.peek()!) }
    }),
  )
  const texts = new Set(added.map(textOf))
  const older = pictures.peek().filter((picture) => texts.has(textOf(picture)))
  await change(added, older)
}

/** Removes pictures, which `putBack` brings again. */
export async function removePictures(which: readonly KeptPicture[]): Promise<void> {
  removed.value = which
  await change([], which)
}

export async function putBack(): Promise<void> {
  const which = removed.peek()
  removed.value = []
  await change(which, [])
}

/** What the page shows changes in any case; what is stored, if the browser stores anything. */
async function change(added: readonly KeptPicture[], dropped: readonly KeptPicture[]): Promise<void> {
  const ids = new Set([...added, ...dropped].map(({ id }) => id))
  const others = pictures.peek().filter(({ id }) => !ids.has(id))
  pictures.value = [...added, ...others].sort((a, b) => b.id - a.id).slice(0, MAX_PICTURES)
  try {
    if (dropped.length > 0) await store.delete(dropped.map(({ id }) => id))
    if (added.length > 0) await store.put(added)
    channel.postMessage('changed')
  } catch {
    // Kept as long as the page.
  }
}

/** Whatever another version of the page, or something else, has stored. */
function isReadable({ record }: KeptPicture): boolean {
  try {
    return Boolean(readPictureRecord(record, model.peek()))
  } catch {
    return false
  }
}

function textOf({ record }: KeptPicture): string {
  return JSON.stringify(record)
}

async function thumbnailOf(bitmap: ImageBitmap): Promise<Blob> {
  const canvas = new OffscreenCanvas(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
  const context = canvas.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  drawContained(context, bitmap)
  // Browsers that write no WebP write a PNG instead.
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.9 })
}
