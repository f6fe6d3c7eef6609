import { computed, effect, untracked } from '@preact/signals-core'
import { fetchWall } from '../wall/wall'
import { BatchItem, createBatch } from './batch'
import { connection } from './connection'
import { fillFormFor } from './form'
import { History } from './history'
import { showMessage } from './messages'
import { busy, firstBatch, history, selectedItem, shownBatch } from './state'

/**
 * Fills the empty stage with stickers that the model has drawn before: they need no network. Opened, one shows its words,
 * its settings and its steps.
 */
export async function startWall(): Promise<void> {
  const { pictures, bitmaps, frames, expectation } = await fetchWall(new URL('wall/', document.baseURI).href)
  // Something has been asked for meanwhile.
  if (busy.peek() || shownBatch.peek() !== firstBatch.peek()) return
  const items = pictures.map(
    (picture, index) =>
      new BatchItem({ picture, bitmap: bitmaps[index]! }, undefined, {
        frames,
        index,
        expectation,
        isExplainable: true,
      }),
  )
  const wall = createBatch(items, 'Drawn by this model')
  shownBatch.value = wall
  history.value = new History(wall)

  const opened = computed(() => (shownBatch.value === wall ? selectedItem.value : undefined))
  effect(() => {
    const settings = opened.value?.picture.peek()?.settings
    // Once for each: words that are typed then stay.
    if (settings) untracked(() => fillFormFor(settings, 1))
  })

  const exact = new Set<BatchItem>()
  effect(() => {
    const [item, { studio } = {}] = [opened.value, connection.value]
    if (item === undefined || studio === undefined) return
    const { settings, tokens } = item.picture.peek()!
    const { steps, guidance, truncation, seed } = settings
    showMessage(`${steps} steps · guidance ${guidance} · truncation ${truncation} · seed ${seed}`)
    if (exact.has(item)) return
    exact.add(item)
    // The pixels so far come from a compressed image. If the decoder fails, they stay.
    studio.decode([tokens]).then(
      ([bitmap]) => {
        item.bitmap.value = bitmap
      },
      () => {},
    )
  })
}
